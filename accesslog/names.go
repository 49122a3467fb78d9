package accesslog

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// names are headers, in the form that plain gives, that logs use for a field, the
// likeliest first: of this country, and of neighbours whose programs are used here.
var names = [fieldCount][]string{
	Time: {"time", "timestamp", "accessedat", "viewedat", "eventtime", "datetime", "date", "createdat", "occurredat", "when", "logtime", "starttime", "ts", "datetimeutc", "dateandtime",
		"accessed", "accessedon", "viewed", "viewedon", "accessdate", "eventdate", "logdate", "zeitpunkt", "zeitstempel", "datum", "uhrzeit", "zeit", "dateheure", "dateetheure", "horodatage", "tijd", "tijdstip", "fecha", "fechahora"},
	Login: {"login", "username", "user", "userid", "useremail", "userlogin", "loginid", "loginname", "accountname", "account", "actor", "actoremail", "staff", "staffid", "staffmember", "employee",
		"employeeid", "employeeno", "operator", "operatorid", "operatorname", "who", "email", "person", "openedby", "viewedby", "accessedby", "performedby", "requestedby", "doneby", "agent", "principal", "principalname", "userprincipalname", "upn",
		"initiator", "benutzer", "benutzername", "anwender", "mitarbeiter", "utilisateur", "identifiant", "nomutilisateur", "gebruiker", "gebruikersnaam", "usuario", "utente", "csusername", "remoteuser"},
	Subject: {"customerid", "customer", "customerno", "customernumber", "customerkey", "customerref", "custid", "custno", "customerids", "customers", "subject", "subjectid", "clientid", "clientno", "clientref", "client", "recordid", "record", "objectid",
		"caseid", "caseref", "caseno", "claimid", "claimref", "claimno", "claimnumber", "claim", "estimateid", "estimateno", "estimateref", "jobid", "jobno", "jobnumber", "jobref", "repairorder", "policyno", "policynumber",
		"regno", "registration", "registrationnumber", "vehiclereg", "reg", "vrm", "vrn", "numberplate", "kundennummer", "kundennr", "kundenid", "kdnr", "kunde", "numeroclient", "noclient", "nclient", "idclient", "klantnummer", "klant", "numerocliente",
		"targetid", "entityid", "entityuid", "resourceid", "resource", "resourceuid", "resourcesuid", "resourcesid", "itemid", "key", "request", "requesturi", "url", "uri", "path", "page", "id"},
	Branch: {"branch", "branchid", "branchname", "site", "siteid", "sitename", "location", "depot", "organisation", "organization", "org", "company", "team", "department", "filiale", "standort", "niederlassung", "agence", "filiaal", "vestiging", "sucursal"},
	Device: {"device", "deviceid", "devicename", "ip", "ipaddress", "clientip", "cip", "address", "sourceip", "remoteaddr", "srcendpointip", "host", "hostname", "workstation", "terminal", "computer", "pc", "machine", "sessionid", "session",
		"arbeitsplatz", "geraet", "gerat", "rechner", "poste", "appareil", "werkplek"},
	Action: {"action", "event", "eventtype", "eventname", "operation", "activity", "activityname", "verb", "type", "method", "csmethod", "aktion", "vorgang"},
	Called: {"called", "calledat", "calledon", "calltime", "calldate", "dateandtimeofcall", "timeofcall", "dateofcall", "datetimeofcall", "callreceived", "contactedat", "unwantedcall", "when", "time", "date", "datetime", "received", "receivedat", "datereceived", "complaintdate"},
	Knew:   {"knew", "callerknew", "known", "whatknown", "whatthecallerknew", "whatdidtheyknow", "whattheyknew", "detail", "details", "knowledge", "notes", "description", "comments"},
	Ref:    {"ref", "reference", "complaint", "complaintid", "complaintno", "complaintref", "ticket", "ticketno", "caseref", "ourref", "id"},
	Shown:  {"categories", "category", "datacategories", "fieldsshown", "datashown", "datatypes"},
	Outcome: {"outcome", "httpstatus", "statuscode", "status", "scstatus", "result", "responsecode", "response", "success", "successful", "allowed", "granted", "permitted",
		"denied", "refused", "forbidden", "blocked", "failed", "decision", "error"},
	Phone: {"phone", "phonenumber", "phoneno", "telephone", "telephonenumber", "tel", "telno", "mobile", "mobilenumber", "mobileno", "phonecalled", "numbercalled", "contactnumber", "customerphone", "telefon", "telefono"},
	Email: {"email", "emailaddress", "mail", "customeremail"},
	Plate: {"registration", "registrationnumber", "regno", "reg", "vehiclereg", "vrm", "vrn", "numberplate", "plate", "vehicle"},
	Name:  {"name", "customername", "fullname", "complainant", "nom"},
	// Before what happened is looked for what the caller knew, whose names are also used for it.
	Received: {"received", "receivedat", "receivedon", "datereceived", "complaintdate", "date"},
	Answer:   {"answer", "answerto", "contact", "replyto"},
	System:   {"system"},
	Caller:   {"caller", "callernumber", "callersnumber", "callerphone", "callersphone", "numbershown"},
	Claimed:  {"claimed", "claimedtobe", "saidtobe", "callername", "callersname"},
	Words:    {"words", "what", "whathappened", "account", "complaint", "description", "details", "comments", "notes"},
	Born:     {"born", "recordcreated", "customercreated", "customersince", "createdat", "created"},
}

// plain reduces a header to lower-case letters, without their accents, and digits.
func plain(header string) string {
	ascii := true
	for i := range len(header) {
		ascii = ascii && header[i] < 0x80
	}
	if !ascii {
		header = norm.NFKD.String(header)
	}
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, header)
}
