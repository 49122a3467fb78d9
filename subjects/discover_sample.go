package subjects

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	sampleRows  = 1000
	sampleBytes = 400 // of one value
)

// evidence counts what a column's sampled values look like. The values themselves
// are not kept.
type evidence struct {
	values   int // not null and not empty
	distinct map[uint64]struct{}
	emails, phones, dialled, marks, vins, postcodes, persons,
	sortCodes, accounts, ibans, insured,
	prose, embedded int
	years, youngest, oldest int // dates: how many, and the years between which they lie
}

// share is how many percent of the values n is.
func (e *evidence) share(n int) int {
	if e.values == 0 {
		return 0
	}
	return n * 100 / e.values
}

var sampleSeed = maphash.MakeSeed()

// sample reads some rows of a table and counts. What cannot be read in time goes
// without a sample.
func (s *schema) sample(ctx context.Context, t *relation) error {
	var list []*column
	var exprs []string
	for _, c := range t.columns {
		if c.sampled() {
			list = append(list, c)
			exprs = append(exprs, "left("+pgx.Identifier{c.name}.Sanitize()+"::text, "+strconv.Itoa(sampleBytes)+")")
		}
	}
	if t.denied || len(list) == 0 {
		return nil
	}
	read := func(some string) (n int, err error) {
		sql := "SELECT " + strings.Join(exprs, ", ") + " FROM " + t.sql() + some + " LIMIT " + strconv.Itoa(sampleRows)
		err = s.attempt(ctx, func() error {
			n, err = countSample(s.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil), list)
			return err
		})
		return n, err
	}
	n, err := read(t.some())
	if n == 0 && err == nil && t.some() != "" { // few pages may hold no row
		_, err = read("")
	}
	return err
}

// attempt runs something that the database may refuse, without an end to the
// transaction: no right to a table, a view that was never filled, a foreign server
// that is away, a statement that takes too long. Then what was wanted stays unknown.
func (s *schema) attempt(ctx context.Context, do func() error) error {
	run := func(sql string) error {
		_, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
	if err := run("SAVEPOINT attempt"); err != nil {
		return fillError(err, nil)
	}
	err, end := do(), "RELEASE attempt"
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		err, end = nil, "ROLLBACK TO attempt"
	}
	if err == nil {
		err = run(end)
	}
	if err != nil {
		return fillError(err, nil)
	}
	return nil
}

// some chooses rows: of large tables from pages all over, for old rows are often
// unlike new ones.
func (t *relation) some() string {
	if t.rows < 20*sampleRows || t.remote {
		return ""
	}
	percent := min(100, 100*4*sampleRows/t.rows)
	return " TABLESAMPLE SYSTEM (" + strconv.FormatFloat(percent, 'f', 6, 64) + ") REPEATABLE (1)"
}

func countSample(rows *pgconn.ResultReader, list []*column) (n int, err error) {
	for ; rows.NextRow(); n++ {
		for i, v := range rows.Values() {
			if v = bytes.TrimSpace(v); len(v) > 0 {
				list[i].seen.count(v)
			}
		}
	}
	_, err = rows.Close()
	return n, err
}

// sampled says whether a column's values can tell anything.
func (c *column) sampled() bool {
	return !c.denied && (c.texty() || c.dated() || c.typ == "int8" || c.typ == "int4" || c.typ == "numeric" || c.loose())
}

func (c *column) texty() bool {
	switch c.typ {
	case "text", "varchar", "bpchar", "citext", "name":
		return true
	}
	return false
}

func (c *column) dated() bool {
	return c.typ == "date" || c.typ == "timestamp" || c.typ == "timestamptz"
}

// loose says whether a column may hold anything: documents and lists.
func (c *column) loose() bool {
	switch c.typ {
	case "json", "jsonb", "xml", "hstore", "_text", "_varchar":
		return true
	}
	return false
}

// count looks at one value.
func (e *evidence) count(v []byte) {
	e.values++
	if e.distinct == nil {
		e.distinct = map[uint64]struct{}{}
	}
	e.distinct[maphash.Bytes(sampleSeed, v)] = struct{}{}
	var room [MaxCanonical]byte
	add := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	_, email := CanonicalEmail(room[:0], v)
	add(&e.emails, email)
	_, phone := CanonicalPhone(room[:0], v)
	add(&e.phones, phone)
	add(&e.dialled, phone && (v[0] == '0' || v[0] == '+' || v[0] == '('))
	_, postcode := CanonicalPostcode(room[:0], v)
	add(&e.postcodes, postcode)
	mark, ok := CanonicalRegistration(room[:0], v)
	add(&e.marks, ok && len(mark) >= 5 && !postcode)
	_, vin := CanonicalVIN(room[:0], v)
	add(&e.vins, vin)
	add(&e.persons, isPerson(v))
	digits := digitsOf(v)
	add(&e.sortCodes, len(digits) == 6 && len(v) <= 8)
	add(&e.accounts, len(digits) == 8 && len(v) == 8)
	add(&e.ibans, isIBAN(v))
	add(&e.insured, isNationalInsurance(v))
	add(&e.prose, bytes.Count(v, []byte(" ")) >= 3)
	add(&e.embedded, !email && !phone && holdsIdentifier(v))
	e.date(v)
}

// date keeps the years between which ISO dates lie.
func (e *evidence) date(v []byte) {
	if len(v) < 10 || v[4] != '-' || v[7] != '-' {
		return
	}
	year, err := strconv.Atoi(string(v[:4]))
	if err != nil {
		return
	}
	if e.years == 0 || year < e.oldest {
		e.oldest = year
	}
	e.youngest = max(e.youngest, year)
	e.years++
}

// digitsOf gives a value's digits if it holds nothing else but spaces and dashes.
func digitsOf(v []byte) []byte {
	var digits []byte
	for _, c := range v {
		if isDigit(c) {
			digits = append(digits, c)
		} else if c != ' ' && c != '-' {
			return nil
		}
	}
	return digits
}

// isPerson says whether a value is two to five capitalised words of which one of the
// first two is a common first name.
func isPerson(v []byte) bool {
	list := bytes.FieldsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	if len(list) < 2 || len(list) > 5 {
		return false
	}
	common := false
	for i, w := range list {
		r, _ := utf8.DecodeRune(w)
		if !unicode.IsUpper(r) || bytes.ContainsAny(w, "0123456789@/:;()") {
			return false
		}
		if i < 3 && firstNames[strings.ToLower(string(w))] {
			common = true
		}
	}
	return common
}

// isIBAN checks form and check digits (ISO 13616).
func isIBAN(v []byte) bool {
	var room [40]byte
	s, ok := bare(room[:0], v, "", 34)
	if !ok || len(s) < 15 || !isLetter(s[0]) || !isLetter(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return false
	}
	rest := 0
	for i := range s {
		c := s[(i+4)%len(s)]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

func isNationalInsurance(v []byte) bool {
	var room [16]byte
	s, ok := bare(room[:0], v, "", 9)
	return ok && len(s) == 9 && isLetter(s[0]) && isLetter(s[1]) && len(digitsOf(s[2:8])) == 6 && s[8] >= 'A' && s[8] <= 'D'
}

// holdsIdentifier says whether an email or a phone stands somewhere in a text.
func holdsIdentifier(v []byte) bool {
	if at := bytes.IndexByte(v, '@'); at > 0 && at+3 < len(v) && bytes.IndexByte(v[at:], '.') > 0 {
		return true
	}
	run, before := 0, byte(' ') // a number begins with 0 or +, and not within a word
	for _, c := range v {
		switch {
		case isDigit(c):
			if run > 0 || c == '0' && strings.IndexByte(" (:,/\t\n", before) >= 0 || before == '+' {
				run++
			}
			if run >= 10 {
				return true
			}
		case c != ' ' && c != '-' && c != ')':
			run = 0
		}
		before = c
	}
	return false
}

// firstNames are common in the United Kingdom; one in two or three people has one.
var firstNames = func() map[string]bool {
	set := map[string]bool{}
	for _, n := range strings.Fields(`adam adrian aisha alan albert alex alexander alexandra alfie alice alison amanda amelia amir amy
		andrea andrew angela ann anna anne anthony arthur ashley ava barbara barry ben benjamin beth bethany brenda brian callum carol
		caroline catherine charles charlie charlotte chloe chris christine christopher claire colin connor craig daisy dale damian daniel
		danielle darren dave david dawn dean deborah debra denise dennis derek diana diane donald donna dorothy duncan edward eileen elaine
		eleanor elizabeth ella ellen ellie emily emma eric ethan eva evelyn fatima fiona frances francis frank freddie freya gareth gary
		gavin gemma geoffrey george georgia geraldine gerald gillian glenn gordon grace graeme graham grant hannah harpreet harriet harry
		heather helen henry holly howard hugh ian imran isabella isla ivan jack jacob jacqueline jake james jamie jane janet janice jason
		jasmine jean jeffrey jemma jennifer jeremy jessica jill joan joanna joanne joe john jonathan jordan joseph josh joshua joyce judith
		julia julian julie june karen karl kate katherine kathleen katie kay keith kelly ken kenneth kerry kevin kieran kim kirsty kyle laura
		lauren lawrence leah lee leo leon leonard lesley lewis liam lily linda lisa logan lorraine louis louise lucas lucy luke lynn lynne
		malcolm marcus margaret maria marian marie marilyn marion mark martin mary mason matthew maureen max megan melanie melissa mia michael
		michelle mohamed mohammad mohammed molly muhammad nadia naomi natalie natasha nathan neil nicholas nick nicola nigel noah norman olive
		oliver olivia oscar owen pamela patricia patrick paul paula pauline peggy peter philip phillip phoebe poppy priya rachel ravi raymond
		rebecca rhys richard robert robin roger ronald rose rosemary ross roy russell ruth ryan sally sam samantha samuel sandra sanjay sara
		sarah scott sean sharon sheila shirley simon sophia sophie stacey stanley stephanie stephen steve steven stuart susan suzanne sylvia
		tariq teresa terence theo theresa thomas tim timothy tina toby tom tomasz tony tracey tracy trevor valerie vanessa vera victor
		victoria vincent wayne wendy william yvonne zara zoe zoë siân chloé josé mei kwame olu niamh eilidh bronwen dafydd ewan dilip farah sofia`) {
		set[n] = true
	}
	return set
}()
