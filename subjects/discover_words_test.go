package subjects

import (
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"customer_id": "customer id", "CUST_NO": "cust no", "customerID": "customer id", "CustomerId": "customer id", "Customer Id": "customer id",
		"addressLine1": "address line", "ADDR1": "addr", "XMLHttpRequest": "xml http request", "e-mail": "e mail", "": "", "_": "", "ÉcoleName": "école name", "dateOfBirth": "date of birth",
	} {
		if got := strings.Join(words(name), " "); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// Names alone, without a value to look at: what is what, and what is not.
func TestClassifyByName(t *testing.T) {
	for want, names := range map[string][]string{
		"email":         {"email", "e_mail", "EMAIL_ADDR", "contactEmail", "email2", "work_mail", "EmailAddress"},
		"phone":         {"phone", "PHONE_NO", "tel", "TEL_NO", "telno", "mobile", "mobileNumber", "home_phone", "phone2", "fax", "whatsapp", "daytimeTelephone", "contact_phone_number"},
		"date-of-birth": {"dob", "DOB", "date_of_birth", "birth_date", "BirthDate:date", "born_on:date", "dateofbirth:date"},
		"name": {"first_name", "surname", "SURNAME", "lastName", "full_name", "forenames", "customer_name", "CUST_NM", "policyholder_name", "contactName", "driver_name",
			"account_name", "account_holder_name", "third_party_name", "known_as"},
		"address":   {"address", "address_line1", "ADDR2", "street", "town", "postcode", "POST_CODE", "post_cd", "postal_code", "homeAddress", "zip", "city", "billing_street"},
		"vehicle":   {"registration", "REG_NO", "regNumber", "vrm", "number_plate", "numberPlates", "vin", "chassis_no", "registration_mark"},
		"bank":      {"sort_code", "SORTCODE", "iban", "bank_account_number", "card_number", "pan"},
		"policy":    {"policy_number", "policyNo", "claim_ref", "CLAIM_NUMBER", "claimreference", "insurance_policy_no"},
		"free-text": {"notes", "comments", "remarks", "job_notes", "description", "message_body", "national_insurance_number", "nino", "payload:jsonb", "extra:xml"},
		"accident":  {"accident_place", "incident_date:date", "injury"},
		"nothing": {"id", "email_verified:bool", "email_sent_at:timestamptz", "phone_type", "address_id:int8", "registration_date:date", "company_number", "company_name", "file_name",
			"branch_name", "product_name", "created_at:timestamptz", "status", "amount:numeric", "mileage:int4", "colour", "make", "model", "ip_address", "policy_id:int8", "claim_status",
			"order_no", "account_type", "name", "email_template", "updated_by", "region", "regional_office", "phone:bool", "uuid:uuid", "quantity:int4", "currency", "sku", "title"},
	} {
		for _, n := range names {
			name, typ, ok := strings.Cut(n, ":")
			if !ok {
				typ = "text"
			}
			c := &column{name: name, typ: typ, words: words(name)}
			table := &relation{name: "records", columns: []*column{c}}
			c.classify(table)
			got := "nothing"
			if c.found {
				got = c.category.String()
			}
			if got != want {
				t.Errorf("%s (%s) is %s, want %s: %s", name, typ, got, want, c.reason.text)
			}
		}
	}
}

// Values alone: the same column name, told apart by what a sample holds.
func TestClassifyByValues(t *testing.T) {
	repeat := func(values ...string) []string { return slices.Repeat(values, 20) }
	for want, lists := range map[string][][]string{
		"email":     {repeat("a@post.example", "b@post.example", "c@post.example")},
		"phone":     {repeat("07700 900001", "+44 7700 900002", "(01632) 960003")},
		"address":   {repeat("HX6 5DJ", "LS2 0AB", "m1 1ae")},
		"vehicle":   {repeat("AB12 CDE", "A123 BCD", "ABC 123D"), repeat("WVWZZZ8P900000017")},
		"name":      {repeat("Alice Smith", "Mr Peter Jones", "Lloyd, Karen"), repeat("Dr Priya Patel", "Xavi Puig", "Siân Lloyd")},
		"bank":      {repeat("GB33 BUKB 2020 1555 5555 55")},
		"free-text": {repeat("Rang about the car, wants it on Monday"), repeat("x", "y", "ring 07700 900123 please"), repeat("QQ123456C", "AB 12 34 56 A")},
		"nothing": {repeat("7012345678", "7012345679"), repeat("Ford", "Audi"), repeat("Ford Focus", "Vauxhall Astra"), repeat("2024-01-01"), repeat("1", "2"), repeat("A", "B"),
			repeat("Calder Mills", "Port Ellery"), repeat("0f8fad5b-d9cb-469f-a165-70867728950e"), {"07700 900001"}, {}},
	} {
		for _, values := range lists {
			c := &column{name: "f1", typ: "text", words: words("f1")}
			for _, v := range values {
				c.seen.count([]byte(v))
			}
			c.classify(&relation{name: "records", columns: []*column{c}})
			got := "nothing"
			if c.found {
				got = c.category.String()
			}
			if got != want {
				t.Errorf("%.3q is %s, want %s: %s", values, got, want, c.reason.text)
			}
		}
	}
}

// FuzzEvidence gives the sampler any value that a database may hold.
func FuzzEvidence(f *testing.F) {
	for _, s := range []string{"07700 900001", "a@post.example", "GB33 BUKB 2020 1555 5555 55", "QQ123456C", "Lloyd, Karen", "1984-03-07", "ring 07700 900123", "\xff\xfe", "00-11-22"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		var e evidence
		if len(v) == 0 {
			return
		}
		e.count(v)
		for _, n := range []int{e.emails, e.phones, e.dialled, e.marks, e.vins, e.postcodes, e.persons, e.sortCodes, e.accounts, e.ibans, e.insured, e.prose, e.embedded, e.years} {
			if n < 0 || n > 1 {
				t.Fatalf("one value was counted %d times", n)
			}
		}
		c := &column{name: "f1", typ: "text", words: words(string(v)), seen: e}
		c.classify(&relation{name: string(v), columns: []*column{c}})
		if c.found && len(v) >= 6 && strings.Contains(c.reason.text, string(v)) {
			t.Fatalf("the reason %q holds the value", c.reason.text)
		}
	})
}
