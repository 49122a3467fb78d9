package subjects

import (
	"fmt"

	"custody"
)

// verdict is what a column holds, as far as it can be told from its name, its type
// and the sample.
type verdict struct {
	found    bool
	category custody.Category
	reason   reason
	// needsSubject is set for columns that are personal only where rows belong to
	// subjects: notes and documents.
	needsSubject bool
}

// enough is how many values a sample must have before it speaks against a name, or
// without one.
const enough = 20

// classify gives a column its verdict. The order matters: what comes first is more
// particular.
func (c *column) classify(t *relation) {
	if !c.texty() && !c.dated() && !c.loose() && !c.numeric() || c.foreign || c.primary && !c.texty() {
		return
	}
	for _, try := range []func(*relation) bool{
		c.tryInsurance, c.tryEmail, c.tryPhone, c.tryBirth, c.tryBank, c.tryPolicy, c.tryVehicle, c.tryAddress, c.tryName, c.tryAccident, c.tryText,
	} {
		if try(t) {
			return
		}
	}
}

func (c *column) numeric() bool {
	return c.typ == "int8" || c.typ == "int4" || c.typ == "numeric"
}

// set takes a verdict.
func (c *column) set(category custody.Category, percent int, format string, args ...any) bool {
	c.verdict = verdict{found: true, category: category, reason: reason{fmt.Sprintf(format, args...), percent}}
	return true
}

// judge weighs a name against a sample: hits of the sampled values look like what
// the name may say.
func (c *column) judge(category custody.Category, what string, named bool, hits int) bool {
	share, values := c.seen.share(hits), c.seen.values
	switch {
	case named && values == 0:
		return c.set(category, 75, "the name says %s; no values to look at", what)
	case named && share >= 60:
		return c.set(category, 60+share*39/100, "the name says %s, and so do %d of %d sampled values", what, hits, values)
	case named && (share >= 10 || values < enough):
		return c.set(category, 60, "the name says %s; %d of %d sampled values agree", what, hits, values)
	case named:
		return c.set(category, 40, "the name says %s, but only %d of %d sampled values look like one", what, hits, values)
	case share >= 60 && values >= 5 && c.texty():
		return c.set(category, 45+share*40/100, "the values say %s: %d of %d sampled", what, hits, values)
	}
	return false
}

func (c *column) tryInsurance(*relation) bool {
	named := oneOf(c.words, []string{"nino"}) || joined(c.words, "nationalinsurance", "ninumber")
	if !c.texty() || !named && (c.seen.share(c.seen.insured) < 60 || c.seen.values < 5) {
		return false
	}
	return c.judge(custody.FreeText, "national insurance number, which free-text hides whole", named, c.seen.insured)
}

func (c *column) tryEmail(*relation) bool {
	named := (oneOf(c.words, wordsEmail) || joined(c.words, "email")) && !about(c.words)
	return c.texty() && c.judge(custody.Email, "email", named, c.seen.emails)
}

// tryPhone does not believe values alone in numeric columns: any long number looks
// like a phone.
func (c *column) tryPhone(*relation) bool {
	named := (oneOf(c.words, wordsPhone) || joined(c.words, "phone", "telno", "mobileno", "telnum", "mobno")) && !about(c.words)
	if !c.texty() && !(named && (c.typ == "int8" || c.typ == "numeric")) {
		return false
	}
	if !named && (c.unique || joined(c.words, "account", "iban", "order", "invoice", "barcode")) {
		return false
	}
	if !named {
		return c.judge(custody.Phone, "phone", false, c.seen.dialled)
	}
	return c.judge(custody.Phone, "phone", true, c.seen.phones)
}

func (c *column) tryBirth(*relation) bool {
	if !oneOf(c.words, wordsBirth) && !joined(c.words, "dateofbirth", "birthdate", "birthdt") || c.numeric() || c.loose() {
		return false
	}
	if c.texty() {
		return c.set(custody.DateOfBirth, 85, "the name says date of birth")
	}
	return c.set(custody.DateOfBirth, 97, "the name says date of birth, and it is a date")
}

func (c *column) tryBank(t *relation) bool {
	number := oneOf(c.words, wordsNumber) || joined(c.words, "accountno", "accountnum", "acctno", "accno")
	switch {
	case c.loose() || c.dated() || about(c.words):
		return false
	case joined(c.words, "sortcode", "sortcd"):
		return c.judge(custody.Bank, "sort code", true, c.seen.sortCodes)
	case oneOf(c.words, []string{"iban"}) || c.texty() && c.seen.share(c.seen.ibans) >= 60 && c.seen.values >= 5:
		return c.judge(custody.Bank, "IBAN", oneOf(c.words, []string{"iban"}), c.seen.ibans)
	case oneOf(c.words, []string{"pan"}) || joined(c.words, "cardno", "cardnum"):
		return c.set(custody.Bank, 80, "the name says card number")
	case number && joined(c.words, "account", "acct", "accno") && (joined(c.words, "bank") || t.hasSortCode() || c.seen.share(c.seen.accounts) >= 60):
		return c.judge(custody.Bank, "account number", true, c.seen.accounts)
	}
	return false
}

// hasSortCode says whether a table has a column for one, so that an account number
// beside it is a bank's.
func (t *relation) hasSortCode() bool {
	for _, c := range t.columns {
		if joined(c.words, "sortcode", "sortcd") {
			return true
		}
	}
	return false
}

func (c *column) tryPolicy(*relation) bool {
	policy := oneOf(c.words, []string{"policy", "claim", "insurance"}) || joined(c.words, "policy", "claim")
	number := oneOf(c.words, wordsNumber) || joined(c.words, "policyno", "policynum", "claimno", "claimnum", "policyref", "claimref")
	if !policy || !number || c.dated() || c.loose() || about(c.words) {
		return false
	}
	if c.unique {
		return c.set(custody.Policy, 95, "the name says policy or claim number, and each is there once")
	}
	return c.set(custody.Policy, 85, "the name says policy or claim number")
}

func (c *column) tryVehicle(*relation) bool {
	if !c.texty() {
		return false
	}
	if oneOf(c.words, []string{"vin", "chassis"}) || c.seen.share(c.seen.vins) >= 60 && c.seen.values >= 5 {
		return c.judge(custody.Vehicle, "vehicle identification number", oneOf(c.words, []string{"vin", "chassis"}), c.seen.vins)
	}
	named := (oneOf(c.words, wordsMark) || joined(c.words, "regno", "regnum", "numberplate", "registrationmark")) && !about(c.words)
	if named && c.seen.values >= enough && c.seen.share(c.seen.marks) < 10 && oneOf(c.words, []string{"reg", "registration", "plate"}) {
		return false // a region, a company's registration
	}
	return c.judge(custody.Vehicle, "registration mark", named, c.seen.marks)
}

func (c *column) tryAddress(*relation) bool {
	if !c.texty() {
		return false
	}
	postcode := joined(c.words, "postcode", "postalcode", "zipcode", "postcd", "pcode")
	if postcode || !about(c.words) && c.seen.share(c.seen.postcodes) >= 60 {
		return c.judge(custody.Address, "postcode", postcode, c.seen.postcodes)
	}
	named := oneOf(c.words, wordsAddress) || joined(c.words, "address", "addr")
	if named && !about(c.words) && !joined(c.words, "ipaddr", "macaddr", "webaddr") {
		return c.set(custody.Address, 88, "the name says address")
	}
	return false
}

func (c *column) tryName(t *relation) bool {
	if !c.texty() {
		return false
	}
	named := oneOf(c.words, []string{"name", "nm"})
	whose := named && oneOf(c.words, wordsWhose) || joined(c.words, wordsJoined...)
	persons, values := c.seen.persons, c.seen.values
	share := c.seen.share(persons)
	switch {
	case named && oneOf(c.words, wordsThing) && !whose:
		return false
	case whose && share >= 30:
		return c.set(custody.Name, 97, "the name says a person's name, and %d of %d sampled values have a common first name", persons, values)
	case whose && !about(c.words):
		return c.set(custody.Name, 85, "the name says a person's name")
	case share >= 30 && values >= enough:
		return c.set(custody.Name, 55+share*40/100, "%d of %d sampled values look like people's names", persons, values)
	case named && len(c.words) == 1 && oneOf(words(t.name), wordsPeople):
		return c.set(custody.Name, 80, "the name column of a table of people")
	}
	return false
}

// tryAccident takes what a table of accidents says, and columns that speak of one
// elsewhere.
func (c *column) tryAccident(t *relation) bool {
	if c.numeric() || oneOf(c.words, []string{"created", "updated", "modified", "deleted", "status", "type", "code", "id", "reported"}) {
		return false
	}
	if oneOf(words(t.name), wordsAccident) {
		c.set(custody.Accident, 80, "the table's name says accidents")
	} else if oneOf(c.words, wordsAccident) {
		c.set(custody.Accident, 75, "the name says accident")
	} else {
		return false
	}
	c.needsSubject = true
	return true
}

// tryText takes prose, and documents that may hold anything.
func (c *column) tryText(*relation) bool {
	if c.dated() || c.numeric() {
		return false
	}
	named := oneOf(c.words, wordsNotes) && (c.length == 0 || c.length >= 60) && !about(c.words)
	e := &c.seen
	switch {
	case e.embedded > 0 && e.share(e.embedded) >= 2:
		c.set(custody.FreeText, 90, "text in which %d of %d sampled values name a phone or an email", e.embedded, e.values)
	case c.loose():
		c.set(custody.FreeText, 50, "a %s value may hold anything", c.typ)
	case named && e.share(e.prose) >= 30:
		c.set(custody.FreeText, 92, "the name says free text, and %d of %d sampled values are sentences", e.prose, e.values)
	case named:
		c.set(custody.FreeText, 75, "the name says free text")
	case e.share(e.prose) >= 50 && e.values >= enough:
		c.set(custody.FreeText, 70, "%d of %d sampled values are sentences", e.prose, e.values)
	default:
		return false
	}
	c.needsSubject = true
	return true
}

// identifies says whether the column's values name a subject by themselves. A column
// whose values are nearly all the same names nobody.
func (c *column) identifies() bool {
	switch c.category {
	case custody.Phone, custody.Email, custody.Vehicle, custody.Policy:
		return c.texty() && (c.seen.values < enough || len(c.seen.distinct)*5 >= c.seen.values) ||
			c.numeric() && c.category == custody.Phone
	}
	return false
}
