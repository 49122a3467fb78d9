package bodyshop

// Words that the records are made of. People, towns, streets and companies are
// invented or ordinary; a few names need more than ASCII, as real ones do.
var (
	firstNames = []string{
		"Alice", "Amelia", "Amir", "Andrew", "Angela", "Anthony", "Barbara", "Ben", "Bronwen", "Callum",
		"Carol", "Chloé", "Chris", "Dafydd", "Daniel", "Deborah", "Denise", "Dilip", "Donna", "Edward",
		"Eilidh", "Elaine", "Emma", "Ewan", "Farah", "Fiona", "Gareth", "Gemma", "George", "Grace",
		"Hannah", "Harpreet", "Harry", "Helen", "Ian", "Imran", "Isla", "Jack", "James", "Janet",
		"Jean", "Joanne", "José", "Karen", "Keith", "Kwame", "Laura", "Lesley", "Liam", "Lucy",
		"Malcolm", "Margaret", "Mei", "Mohammed", "Nadia", "Neil", "Niamh", "Nicola", "Nigel", "Oliver",
		"Olu", "Pamela", "Paul", "Pauline", "Peter", "Priya", "Rachel", "Ravi", "Rhys", "Robert",
		"Rosemary", "Ruth", "Sandra", "Sanjay", "Sarah", "Sean", "Siân", "Simon", "Sofia", "Stephen",
		"Susan", "Tariq", "Tomasz", "Tracey", "Trevor", "Valerie", "Victor", "Wendy", "William", "Zoë",
	}
	surnames = []string{
		"Adeyemi", "Ahmed", "Allen", "Archer", "Ashworth", "Bailey", "Barker", "Begum", "Bennett", "Booth",
		"Bradshaw", "Brown", "Burton", "Butler", "Campbell", "Carter", "Chapman", "Chaudhry", "Clarke", "Collins",
		"Cooper", "Cox", "D'Arcy", "Davies", "Dixon", "Edwards", "Ellis", "Evans", "Fernández", "Fisher",
		"Fletcher", "Foster", "Gibson", "Gill", "Graham", "Grant", "Gray", "Green", "Hall", "Harris",
		"Hartley-Moss", "Harvey", "Holmes", "Hughes", "Hussain", "Jackson", "Jenkins", "Johnson", "Jones", "Kaur",
		"Kelly", "Khan", "King", "Kowalski", "Lawson", "Lee", "Lewis", "Lloyd", "MacDonald", "Marshall",
		"Martin", "Mason", "McIntyre", "Mills", "Mitchell", "Moore", "Morgan", "Murphy", "Murray", "Nguyen",
		"O'Brien", "O'Neill", "Okafor", "Owen", "Palmer", "Parker", "Patel", "Pearce", "Phillips", "Price",
		"Pritchard", "Reid", "Richards", "Roberts", "Robinson", "Rogers", "Ross", "Saunders", "Scott", "Shah",
		"Sharma", "Shaw", "Simpson", "Singh", "Smith", "Stevens", "Stewart", "Sutton", "Taylor", "Thomas",
		"Thompson", "Turner", "Walker", "Ward", "Watson", "Webb", "White", "Wilkinson", "Williams", "Wright",
	}
	streets = []string{
		"Station Road", "High Street", "Church Lane", "Mill Lane", "Victoria Road", "Park Avenue", "The Crescent",
		"Orchard Close", "Kings Drive", "Elm Grove", "Beech Walk", "Canal Street", "Moor View", "Quarry Hill",
		"Chapel Street", "Meadow Way", "Bridge Street", "Willow Court", "Abbey Road", "Harbour Terrace",
	}
	// towns and the postcode district that goes with each.
	towns = [][2]string{
		{"Ashbridge", "LS2"}, {"Northfield Green", "B31"}, {"Harrowby", "NG31"}, {"Calder Mills", "HX6"},
		{"Wexcombe", "SN8"}, {"Port Ellery", "TR11"}, {"Stanmoor", "TA7"}, {"Kirkholme", "LA9"},
		{"Eastwold", "IP18"}, {"Dunmarsh", "TN29"}, {"Llanfryn", "SA44"}, {"Glenarrow", "PH15"},
		{"Tewford", "GL20"}, {"Marlsea", "BN9"}, {"Oxley Heath", "WV10"}, {"Brackwater", "DN14"},
		{"Saltby", "PE21"}, {"Thornwick", "YO15"}, {"Inverlay", "IV12"}, {"Ballycarn", "BT41"},
		{"Rushden Park", "NN10"}, {"Fenleigh", "CB6"}, {"Westing", "BS23"}, {"Holme Cross", "M24"},
	}
	mailDomains = []string{"mailbox.example", "post.example", "northmail.example", "inbox.example", "letters.example.com", "home.example.org"}
	notes       = []string{
		"Prefers calls after five.", "Courtesy car needs an automatic.", "Hard of hearing, please write.",
		"Pays by card at collection.", "Works nights, ring before noon.", "Has a key safe at the side door.",
		"Asked for the old bumper back.", "Wheelchair user, level access needed.", "Second visit this year.",
	}
	cars = []struct {
		name   string
		wmi    string
		models []string
	}{
		{"Ford", "WF0", []string{"Fiesta", "Focus", "Kuga", "Puma", "Transit Custom"}},
		{"Vauxhall", "W0L", []string{"Corsa", "Astra", "Mokka", "Vivaro"}},
		{"Volkswagen", "WVW", []string{"Golf", "Polo", "Tiguan", "Passat"}},
		{"BMW", "WBA", []string{"118i", "320d", "X1", "530e"}},
		{"Audi", "WAU", []string{"A1", "A3", "A4", "Q3"}},
		{"Toyota", "SB1", []string{"Yaris", "Corolla", "Aygo", "C-HR"}},
		{"Nissan", "SJN", []string{"Qashqai", "Juke", "Leaf", "Micra"}},
		{"Kia", "U5Y", []string{"Sportage", "Picanto", "Ceed", "Niro"}},
		{"Škoda", "TMB", []string{"Octavia", "Fabia", "Kodiaq"}},
		{"Mini", "WMW", []string{"Cooper", "Clubman", "Countryman"}},
		{"Peugeot", "VF3", []string{"208", "308", "3008", "Partner"}},
		{"Mercedes-Benz", "WDD", []string{"A 180", "C 220 d", "GLA", "Vito"}},
	}
	colours = []string{"black", "white", "silver", "grey", "blue", "red", "green", "orange", "brown", "yellow"}
	damage  = []string{
		"front bumper and grille", "rear bumper", "nearside front wing", "offside rear quarter", "both nearside doors",
		"tailgate and rear screen", "bonnet and headlamp", "sill and lower door", "door mirror", "roof and pillar",
	}
	happenings = []string{
		"struck from behind while waiting at the lights", "scraped along a wall when parking", "hit by a car that left a side road",
		"skidded on ice into a kerb", "hit by a trolley in a car park", "collided on a roundabout", "hit a deer",
		"damaged while parked, nobody left a note", "reversed into a post", "struck by a falling branch",
	}
	labourWork = []string{"Strip and refit", "Panel beating", "Align and square", "Diagnostic check and recalibration", "Wheel alignment", "Glass removal"}
	paintWork  = []string{"Paint and lacquer, metallic", "Paint and lacquer, solid", "Blend adjacent panel", "Primer and preparation"}
	parts      = []string{"Bumper cover", "Grille", "Headlamp unit", "Wing panel", "Door skin", "Mirror glass", "Clip set", "Bonnet hinge", "Parking sensor", "Wheel arch liner"}
	summaries  = []string{
		"Asked when the car will be ready.", "Told that parts arrive on Thursday.", "Asked for a courtesy car.",
		"Agreed the excess and the collection time.", "Left a message, no answer.", "Complained about a mark on the door.",
		"Wanted a copy of the estimate.", "Confirmed the booking.",
	}
	instructions = []string{"", "", "", "Keep the dash camera powered.", "Child seat stays in the car.", "Check the boot seal for leaks.", "Do not wash the roof box."}
	insurers     = []string{"Albion Mutual", "Harbour & Vale Insurance", "Pennine Motor", "Redwing Cover", "Southmere Insurance", "Kestrel Direct", "Old Guard Assurance", "Brightway"}
)
