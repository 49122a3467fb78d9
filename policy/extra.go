package policy

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"custody"
)

const (
	maxExtra    = 256 << 10 // bytes of hand-written policies
	maxPolicies = 1000
	maxNesting  = 64 // brackets within brackets
)

// ExtraLimits bound what a hand-written permit discloses unless its annotations
// @per_hour, @per_day and @per_export say otherwise ("none" is no limit).
var ExtraLimits = custody.Limits{PerHour: 60, PerDay: 200, PerExport: 200}

//go:embed schema.cedarschema
var schemaText []byte

// Schema is what policies may speak of, in Cedar's schema language, for editors and
// Cedar's own tools.
func Schema() []byte { return bytes.Clone(schemaText) }

// checker validates policies against the schema. It is only read.
var checker = func() *validate.Validator {
	var s schema.Schema
	if err := s.UnmarshalCedar(schemaText); err != nil {
		panic(err) // the text is compiled in, and every test reads it
	}
	resolved, err := s.Resolve()
	if err != nil {
		panic(err)
	}
	return validate.New(resolved, validate.WithPermissive())
}()

// loadExtra reads hand-written policies: hostile input like any other file.
func loadExtra(text []byte) ([]*rule, error) {
	if len(text) > maxExtra {
		return nil, custody.E(custody.CodeTooLarge, "the policy file is too large", "keep it under 256 KiB; grants do not belong in it")
	}
	if i := bytes.IndexFunc(text, func(r rune) bool { return r == 0 || r == utf8.RuneError }); i >= 0 {
		return nil, at(1+bytes.Count(text[:i], []byte("\n")), "this is not text", "save the file as UTF-8, without zero bytes")
	}
	if line := tooDeep(text); line > 0 {
		return nil, at(line, "brackets are nested too deeply", "split the policy; 64 levels are the most")
	}
	list, err := cedar.NewPolicyListFromBytes("", text)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(list) > maxPolicies {
		return nil, custody.E(custody.CodeTooLarge, "the policy file holds too many policies", "1,000 are the most; grants do not belong in it")
	}
	seen := make(map[string]bool)
	var rules []*rule
	for _, p := range list {
		r, err := extraRule(p)
		if err != nil {
			return nil, err
		}
		if seen[r.id] {
			return nil, at(r.line, "two policies have the same @id", "give each its own, for decisions name it")
		}
		seen[r.id] = true
		rules = append(rules, r)
	}
	return rules, nil
}

// at is an error about a line of the hand-written file.
func at(line int, message, hint string) error {
	return custody.E(custody.CodeInvalid, fmt.Sprintf("policy file, line %d: %s", line, message), hint)
}

// tooDeep finds the line where brackets nest too deeply, outside strings and
// comments, before the recursive parser sees them.
func tooDeep(text []byte) int {
	depth, line := 0, 1
	inString, inComment := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			line, inComment = line+1, false
		case inComment:
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			inComment = true
		case c == '(' || c == '[' || c == '{':
			if depth++; depth > maxNesting {
				return line
			}
		case c == ')' || c == ']' || c == '}':
			depth--
		}
	}
	return 0
}

var position = regexp.MustCompile(`(?:parse error at |:|<input>:)?(\d+):(\d+)`)

// syntaxError keeps line, and says what Cedar's parser expected there.
func syntaxError(err error) error {
	text := err.Error()
	line := 1
	if m := position.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return &custody.Error{Code: custody.CodeInvalid, Message: fmt.Sprintf("policy file, line %d: this is not Cedar", line),
		Hint: clip(cedarHint(text)), Err: err}
}

// cedarHint drops what only repeats the position.
func cedarHint(text string) string {
	text = strings.TrimPrefix(text, "parser error: ")
	if _, after, ok := strings.Cut(text, `": `); ok {
		text = after
	}
	return `look before that place for a missing ";", quote or bracket (the parser said: ` + text + ")"
}

// clip keeps a hint to one readable line.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\n", " "), "?")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

// extraRule checks one hand-written policy.
func extraRule(p *cedar.Policy) (*rule, error) {
	line, notes := p.Position().Line, p.Annotations()
	id := string(notes["id"])
	if id == "" {
		id = "policy-line-" + strconv.Itoa(line)
	}
	if strings.HasPrefix(id, "grant-") || len(id) > 100 {
		return nil, at(line, "this @id cannot be used", `use at most 100 bytes that do not begin with "grant-"`)
	}
	if err := checker.Policy(id, (*ast.Policy)(p.AST())); err != nil {
		return nil, schemaError(line, err)
	}
	if err := checkNames(line, p); err != nil {
		return nil, err
	}
	r := newRule(id, p)
	if r.forbid {
		return r, nil
	}
	var ok bool
	if r.treatment, ok = parseTreatment(string(notes["treatment"])); !ok {
		return nil, at(line, "a permit must say how the data leaves", `write @treatment("clear") or @treatment("masked") before it`)
	}
	var err error
	r.limits, err = extraLimits(line, notes)
	return r, err
}

// schemaError says what the policy speaks of that does not exist.
func schemaError(line int, err error) error {
	first := err
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) && len(many.Unwrap()) > 0 {
		first = many.Unwrap()[0]
	}
	text := first.Error()
	if _, after, ok := strings.Cut(text, "`, "); ok && strings.HasPrefix(text, "for policy") {
		text = after
	}
	hint := "policies speak of Person, Role, Organisation, Application, System, Category, of the actions see, export, change, " +
		"and of context.time, hour, weekday, subjectsThisHour, subjectsToday, reason and application"
	if strings.Contains(text, "optional attribute") {
		hint = "test for it first, as in: context has reason && context.reason like \"claim *\""
	}
	return at(line, clip(text), hint)
}

// checkNames makes sure that every category exists, wherever it is written.
func checkNames(line int, p *cedar.Policy) error {
	text, err := p.MarshalJSON()
	if err != nil {
		return at(line, "the policy cannot be read back", "write it more simply")
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return at(line, "the policy cannot be read back", "write it more simply")
	}
	return walkNames(line, tree)
}

func walkNames(line int, node any) (err error) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			if err == nil {
				err = walkNames(line, child)
			}
		}
	case map[string]any:
		id, _ := n["id"].(string)
		if _, known := custody.ParseCategory(id); n["type"] == "Category" && !known {
			return at(line, "there is no such category", "the categories are "+strings.Join(categoryNames(), ", "))
		}
		for _, child := range n {
			if err == nil {
				err = walkNames(line, child)
			}
		}
	}
	return err
}

func extraLimits(line int, notes cedar.Annotations) (l custody.Limits, err error) {
	l = ExtraLimits
	for _, f := range []struct {
		name  string
		limit *uint32
	}{{"per_hour", &l.PerHour}, {"per_day", &l.PerDay}, {"per_export", &l.PerExport}} {
		value, ok := notes[types.AnnotationKey(f.name)]
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(string(value), 10, 32)
		if value != "none" && (err != nil || n == 0) {
			return l, at(line, "@"+f.name+" is not a limit", `write a number of customers of at least 1, as in @`+f.name+`("200"), or "none"`)
		}
		*f.limit = uint32(n)
	}
	return l, nil
}
