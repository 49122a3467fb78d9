package policy

import (
	"strconv"
	"strings"
	"time"

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
	case g.System == "":
		return custody.E(custody.CodeInvalid, "a grant is for one system", "give --system, as custody.yaml names it")
	case g.See|g.Mask|g.Change == 0:
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

// Cedar is the grant as policies: one per action and treatment.
func (g *Grant) Cedar() string {
	var b strings.Builder
	actions := `Action::"see"`
	if g.Export {
		actions += `, Action::"export"`
	}
	g.write(&b, "clear", actions, g.See)
	g.write(&b, "masked", actions, g.Mask&^g.See)
	g.writeChange(&b)
	return b.String()
}

func (g *Grant) writeChange(b *strings.Builder) {
	g.statement(b, "change", "clear", `Action::"change"`, g.Change)
}

func (g *Grant) write(b *strings.Builder, treatment, actions string, set custody.CategorySet) {
	g.statement(b, treatment, treatment, actions, set)
}

// statement writes one permit. Cedar has no "in System and in [categories]" scope,
// so the categories are the scope and the system is a condition.
func (g *Grant) statement(b *strings.Builder, name, treatment, actions string, set custody.CategorySet) {
	if set == 0 {
		return
	}
	id := "grant-" + strconv.FormatUint(uint64(g.ID), 10) + "-" + name
	b.WriteString("@id(" + quote(id) + ")\n@treatment(" + quote(treatment) + ")\npermit (\n  " + g.principal())
	b.WriteString(",\n  action in [" + actions + "],\n  resource in System::" + quote(g.System) + "\n)")
	b.WriteString("\nwhen { resource in [" + entities(set) + "] }")
	if !g.Start.IsZero() {
		b.WriteString("\nwhen { context.time >= " + strconv.FormatInt(g.Start.Unix(), 10) + " }")
	}
	if !g.End.IsZero() {
		b.WriteString("\nwhen { context.time < " + strconv.FormatInt(ceil(g.End), 10) + " }")
	}
	if g.ReasonRequired {
		b.WriteString("\nwhen { context has reason }")
	}
	b.WriteString(";\n\n")
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
