package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"custody"
)

// Grant is the right of one person, one role, one organisation's people or one
// application to personal data in a system. Exactly one of Person, Role,
// Organisation and Application is set.
type Grant struct {
	ID           custody.GrantID
	Person       string // login
	Role         string
	Organisation string
	Application  string
	System       string
	See          custody.CategorySet // may be seen in clear
	Mask         custody.CategorySet // may be seen masked
	Change       custody.CategorySet // may be changed
	Export       bool                // what may be seen may also be exported
	Limits       custody.Limits      // distinct subjects; zero is no limit
	// ReasonRequired holds the grant back until a reason is stated.
	ReasonRequired bool
	Start, End     time.Time // in force while Start ≤ now < End; a zero End is open
	// Beyond makes it an approval for a person: so many distinct customers in all beyond
	// the limits of other grants. With Export it is an approved export of See, which
	// counts against no other limit; with See alone it is so many customers of whom those
	// categories may be seen beyond other grants. It has no limits but Beyond.
	Beyond uint32
	Once   bool // an approved export that is one answer
	// Why is what an approval was asked for, such as "request 7: claim 123"; the store
	// finds it. Looks under it have it as their reason where no other is stated.
	Why string
	// Needs names what the person must hold, as Holding does.
	Needs []string
}

// Current says whether the grant is in force at now.
func (g *Grant) Current(now time.Time) bool {
	return !now.Before(g.Start) && (g.End.IsZero() || now.Before(g.End))
}

// Holder names who holds the grant, as in "role estimator".
func (g *Grant) Holder() string {
	kind, name := g.holder()
	return strings.ToLower(kind) + " " + name
}

func (g *Grant) holder() (kind, name string) {
	switch {
	case g.Person != "":
		return "Person", g.Person
	case g.Role != "":
		return "Role", g.Role
	case g.Organisation != "":
		return "Organisation", g.Organisation
	}
	return "Application", g.Application
}

// Check holds a grant to what makes sense.
func (g *Grant) Check() error {
	holders := 0
	for _, h := range []string{g.Person, g.Role, g.Organisation, g.Application} {
		if h != "" {
			holders++
		}
	}
	switch {
	case holders != 1:
		return custody.E(custody.CodeInvalid, "a grant is for exactly one holder", "give one of --person, --role, --organisation and --application")
	case !utf8.ValidString(g.Person + g.Role + g.Organisation + g.Application + g.System):
		return custody.E(custody.CodeInvalid, "a name in the grant is not UTF-8 text", "use the names that the list commands show")
	case g.System == "":
		return custody.E(custody.CodeInvalid, "a grant is for one system", "give --system, as custody.yaml names it")
	case g.Beyond > 0 && g.Mask|g.Change != 0:
		return custody.E(custody.CodeInvalid, "an approval is to see or to export, never masked", "name the categories to see")
	case g.Beyond > 0 && g.Person == "":
		return custody.E(custody.CodeInvalid, "an approval is for one person", "name the person whom it is for")
	case g.Beyond > 0 && g.Export && g.See == 0 || g.Once && (g.Beyond == 0 || !g.Export):
		return custody.E(custody.CodeInvalid, "an approved export says of how many customers and which categories", "give both")
	case slices.ContainsFunc(g.Needs, func(n string) bool { return !needForm.MatchString(n) }):
		return custody.E(custody.CodeInvalid, "a grant can need training, a rule or the clause", "write it as training:NAME, rule:NAME or clause")
	case g.See|g.Mask|g.Change == 0 && g.Beyond == 0:
		return custody.E(custody.CodeInvalid, "the grant permits no category", "give --see, --mask or --change with "+strings.Join(categoryNames(), ","))
	case !g.End.IsZero() && !g.End.After(g.Start):
		return custody.E(custody.CodeInvalid, "the grant ends before it starts", "give an end that is later than the start, or none")
	}
	return nil
}

func categoryNames() []string {
	all := custody.AllCategories()
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.String()
	}
	return names
}

// clause is one policy of a grant: some categories, treated in one way.
type clause struct {
	name      string
	treatment custody.Treatment
	actions   []custody.Action
	set       custody.CategorySet
}

// clauses are what a grant says, as at most three policies.
func (g *Grant) clauses() []clause {
	if g.Beyond > 0 { // an approval is counted by the gate; decisions name it as an Extra
		return nil
	}
	look := []custody.Action{custody.See}
	if g.Export {
		look = append(look, custody.Export)
	}
	all := []clause{
		{"clear", custody.Clear, look, g.See},
		{"masked", custody.Masked, look, g.Mask &^ g.See},
		{"change", custody.Clear, []custody.Action{custody.Change}, g.Change},
	}
	return slices.DeleteFunc(all, func(c clause) bool { return c.set == 0 })
}

// Cedar is the grant as policies: one per action and treatment.
func (g *Grant) Cedar() string {
	var b strings.Builder
	for _, c := range g.clauses() {
		b.WriteString(g.text(c))
	}
	return b.String()
}

// id is the @id of one clause.
func (g *Grant) id(c clause) string {
	return "grant-" + strconv.FormatUint(uint64(g.ID), 10) + "-" + c.name
}

// text writes one permit. Cedar has no "in System and in [categories]" scope, so
// the system is the scope and the categories are a condition.
func (g *Grant) text(c clause) string {
	var b strings.Builder
	b.WriteString("@id(" + quote(g.id(c)) + ")\n@treatment(" + quote(c.treatment.String()) + ")\npermit (\n  " + g.principal())
	b.WriteString(",\n  action in [" + actions(c.actions) + "],\n  resource in System::" + quote(g.System) + "\n)")
	b.WriteString("\nwhen { resource in [" + entities(c.set) + "] }")
	if !g.Start.IsZero() {
		b.WriteString("\nwhen { context.time >= " + strconv.FormatInt(g.Start.Unix(), 10) + " }")
	}
	if !g.End.IsZero() {
		b.WriteString("\nwhen { context.time < " + strconv.FormatInt(ceil(g.End), 10) + " }")
	}
	if g.ReasonRequired {
		b.WriteString("\nwhen { context has reason }")
	}
	for _, n := range g.Needs {
		b.WriteString("\nwhen { context.holds.contains(" + quote(n) + ") }")
	}
	b.WriteString(";\n\n")
	return b.String()
}

func actions(list []custody.Action) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, "Action::"+quote(a.String()))
	}
	return strings.Join(parts, ", ")
}

// ceil rounds up to whole seconds, which is what policies count in; the exact end
// is kept in Go, before Cedar is asked.
func ceil(t time.Time) int64 {
	if t.Nanosecond() == 0 {
		return t.Unix()
	}
	return t.Unix() + 1
}

// principal names the holder. An organisation's grant is for its people: its
// applications need grants of their own.
func (g *Grant) principal() string {
	kind, name := g.holder()
	switch kind {
	case "Role", "Organisation":
		return "principal is Person in " + kind + "::" + quote(name)
	}
	return "principal == " + kind + "::" + quote(name)
}

func entities(set custody.CategorySet) string {
	var parts []string
	for _, name := range set.Strings() {
		parts = append(parts, "Category::"+quote(name))
	}
	return strings.Join(parts, ", ")
}

// quote writes a Cedar string. Printable characters other than quote and backslash
// stand for themselves; the rest is written as \u{…}.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			b.WriteString(`\u{` + strconv.FormatInt(int64(r), 16) + `}`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
