package subjects

import "strings"

// The words by which columns and tables are known. A word stands for its plural too,
// and for itself inside names that are written without a gap (TELNO, custname).
var (
	wordsEmail   = []string{"email", "mail", "emailaddress"}
	wordsPhone   = []string{"phone", "tel", "telephone", "mobile", "mob", "cell", "cellphone", "landline", "fax", "msisdn", "whatsapp"}
	wordsBirth   = []string{"dob", "birth", "born", "birthday", "birthdate", "dateofbirth"}
	wordsMark    = []string{"registration", "reg", "vrm", "vrn", "plate", "numberplate", "regno", "vin", "chassis"}
	wordsAddress = []string{"address", "addr", "street", "road", "town", "city", "county", "village", "postcode", "zip", "zipcode", "postal"}
	wordsNotes   = []string{"note", "comment", "remark", "memo", "description", "summary", "message", "narrative", "body", "instruction", "detail",
		"feedback", "content", "transcript", "complaint", "text", "freetext", "circumstance"}
	wordsAccident = []string{"accident", "incident", "collision", "crash", "injury", "circumstance"}
	wordsNumber   = []string{"number", "no", "num", "nbr", "ref", "reference"}

	// wordsWhose stand beside "name" when a person is meant.
	wordsWhose = []string{"first", "last", "given", "family", "sur", "fore", "middle", "maiden", "full", "customer", "cust", "client", "holder",
		"policyholder", "insured", "contact", "patient", "driver", "claimant", "owner", "member", "tenant", "account", "party", "payee", "recipient",
		"witness", "spouse", "partner", "legal", "known"}
	// wordsJoined are names of people written in one word.
	wordsJoined = []string{"surname", "forename", "firstname", "lastname", "fullname", "custname", "customername", "clientname", "holdername",
		"knownas", "lname", "fname", "surnm", "forenm"}
	// wordsThing stand beside "name" when none is.
	wordsThing = []string{"file", "host", "table", "product", "branch", "company", "brand", "model", "make", "part", "bank", "type", "category",
		"event", "field", "role", "group", "business", "site", "depot"}

	// wordsAbout end names of columns that say something about an address or number
	// and are not one: email_verified, phone_type, registration_date.
	wordsAbout = []string{"id", "type", "kind", "count", "verified", "confirmed", "status", "flag", "at", "on", "sent", "opt", "optin", "valid",
		"validated", "format", "hash", "enabled", "bounced", "consent", "preference", "preferred", "source", "date", "time", "template", "subject"}

	// wordsPeople name tables of subjects; wordsStaff and others name tables of people
	// and firms who are not.
	wordsPeople = []string{"customer", "client", "policyholder", "insured", "patient", "member", "person", "people", "contact", "consumer",
		"subscriber", "tenant", "guest", "claimant", "owner", "party", "cust", "buyer", "applicant", "debtor", "holder", "resident"}
	wordsStaff = []string{"staff", "employee", "user", "agent", "admin", "operator", "technician", "estimator", "supplier", "vendor", "insurer",
		"branch", "dealer", "engineer", "worker", "personnel", "login", "depot", "site", "workshop", "organisation", "organization", "company", "emp"}
)

// oneOf says whether one of a name's words is on a list.
func oneOf(name, list []string) bool { return first(name, list) != "" }

// first gives the first word of a name that is on a list, or nothing.
func first(name, list []string) string {
	for _, w := range name {
		for _, l := range list {
			if w == l || w == l+"s" || w == l+"es" || l == "branch" && w == "branches" || l == "party" && w == "parties" || l == "company" && w == "companies" {
				return w
			}
		}
	}
	return ""
}

// joined says whether a name, without its gaps, holds one of these.
func joined(name []string, list ...string) bool {
	all := strings.Join(name, "")
	for _, l := range list {
		if strings.Contains(all, l) {
			return true
		}
	}
	return false
}

// about says whether a name ends in a word of wordsAbout.
func about(name []string) bool {
	return len(name) > 1 && oneOf(name[len(name)-1:], wordsAbout)
}
