package policy

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"custody"
)

// rule is one compiled policy and what its text says about when it can matter.
type rule struct {
	id         string
	order      int
	line       int // in the hand-written file; 0 for grants
	policy     func() *cedar.Policy
	self       iter.Seq2[cedar.PolicyID, *cedar.Policy]
	forbid     bool
	treatment  custody.Treatment
	grant      *Grant         // nil for hand-written ones
	limits     custody.Limits // of a permit
	holder     holder
	system     string              // empty: any
	actions    uint8               // bit a for action a
	categories custody.CategorySet // those that the scope lets through
	uniform    bool                // one answer for all of categories
	counts     bool                // asks for the counts: its answer may not be kept
	reason     bool                // asks for the reason
	moments    []time.Time         // moments that the text names
}

// All makes a rule a policy set of its own, so that Cedar evaluates just that one.
func (r *rule) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] { return r.self }

func (r *rule) alone(yield func(cedar.PolicyID, *cedar.Policy) bool) {
	if p := r.policy(); p != nil {
		yield(cedar.PolicyID(r.id), p)
	}
}

// current says whether a grant's rule is in force; hand-written ones always are.
func (r *rule) current(now time.Time) bool { return r.grant == nil || r.grant.Current(now) }

// newRule reads off the policy what can be known before it is evaluated.
func newRule(id string, p *cedar.Policy) *rule {
	r := &rule{id: id, policy: func() *cedar.Policy { return p }, line: p.Position().Line, forbid: p.Effect() == cedar.Forbid,
		actions: 1<<custody.See | 1<<custody.Export | 1<<custody.Change, categories: custody.Categories(custody.AllCategories()...)}
	r.self = r.alone
	tree := (*ast.Policy)(p.AST())
	r.readPrincipal(tree.Principal)
	r.readAction(tree.Action)
	r.readResource(tree.Resource)
	r.readText(string(p.MarshalCedar()))
	return r
}

func (r *rule) readPrincipal(scope ast.IsPrincipalScopeNode) {
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		r.holder = holder{string(s.Entity.Type), string(s.Entity.ID)}
	case ast.ScopeTypeIn:
		r.holder = holder{string(s.Entity.Type), string(s.Entity.ID)}
	case ast.ScopeTypeIsIn:
		r.holder = holder{string(s.Entity.Type), string(s.Entity.ID)}
	}
}

func (r *rule) readAction(scope ast.IsActionScopeNode) {
	var named []cedar.EntityUID
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		named = []cedar.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		named = []cedar.EntityUID{s.Entity}
	case ast.ScopeTypeInSet:
		named = s.Entities
	default:
		return
	}
	r.actions = 0
	for _, a := range []custody.Action{custody.See, custody.Export, custody.Change} {
		if slices.Contains(named, actionUID(a)) {
			r.actions |= 1 << a
		}
	}
}

func (r *rule) readResource(scope ast.IsResourceScopeNode) {
	var e cedar.EntityUID
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		e = s.Entity
	case ast.ScopeTypeIn:
		e = s.Entity
	case ast.ScopeTypeIsIn:
		e = s.Entity
	default:
		return
	}
	if e.Type == "System" {
		r.system = string(e.ID)
	} else if c, ok := custody.ParseCategory(string(e.ID)); ok {
		r.categories = custody.Categories(c)
	}
}

var (
	bareContext = regexp.MustCompile(`context(\s+[^h\s.\[]|[^\s.\[a-zA-Z0-9_])`)
	unixSeconds = regexp.MustCompile(`\b[1-9][0-9]{9,10}\b`)
)

// readText looks for words. A word in a string is taken for a use too: that only
// costs a cached answer.
func (r *rule) readText(text string) {
	whole := bareContext.MatchString(text)
	r.uniform = strings.Count(text, "resource") == 1 // in the scope alone
	r.counts = whole || strings.Contains(text, "subjectsThisHour") || strings.Contains(text, "subjectsToday")
	r.reason = whole || strings.Contains(text, "reason")
	for _, digits := range unixSeconds.FindAllString(text, -1) {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			r.moments = append(r.moments, time.Unix(n, 0), time.Unix(n+1, 0)) // < and <=
		}
	}
}

// grantRules are a grant's clauses as rules. Their text is parsed when a decision
// first needs it, for a large group has thousands of grants and a change of one
// makes all of them anew. What is known of a rule without its text is known here
// from the grant.
func grantRules(g *Grant) []*rule {
	var rules []*rule
	kind, name := g.holder()
	for _, c := range g.clauses() {
		r := &rule{id: g.id(c), treatment: c.treatment, grant: g, limits: g.Limits, holder: holder{kind, name},
			system: g.System, categories: c.set, uniform: true, reason: g.ReasonRequired}
		for _, a := range c.actions {
			r.actions |= 1 << a
		}
		r.policy = sync.OnceValue(func() *cedar.Policy { return parseClause(g, c) })
		r.self = r.alone
		rules = append(rules, r)
	}
	return rules
}

// parseClause gives nothing for text that Cedar does not take, and nothing permits
// nothing. Names are quoted so that it takes all text; tests try the worst.
func parseClause(g *Grant, c clause) *cedar.Policy {
	list, err := cedar.NewPolicyListFromBytes("", []byte(g.text(c)))
	if err != nil || len(list) != 1 {
		return nil
	}
	return list[0]
}

func parseTreatment(s string) (custody.Treatment, bool) {
	switch s {
	case "clear":
		return custody.Clear, true
	case "masked":
		return custody.Masked, true
	}
	return custody.Refused, false
}
