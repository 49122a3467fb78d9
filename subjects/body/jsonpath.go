package body

import (
	"strings"

	"custody"
)

// jsonPath is a configured path in steps: a member's name, "*", "**", or "[]" for
// an element of an array.
type jsonPath struct {
	steps []string
	rule  rule
}

func parsePath(path string) ([]string, error) {
	var steps []string
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(path, "$"), "."), ".") {
		name, rest, array := strings.Cut(part, "[")
		if name != "" {
			steps = append(steps, name)
		}
		for array {
			var inside string
			var closed bool
			if inside, rest, closed = strings.Cut(rest, "]"); !closed || strings.Trim(inside, "*") != "" {
				return nil, errPath(path)
			}
			steps = append(steps, "[]")
			if rest == "" {
				break
			}
			if rest[0] != '[' {
				return nil, errPath(path)
			}
			rest = rest[1:]
		}
		if name == "" && !array {
			return nil, errPath(path)
		}
	}
	return steps, nil
}

func errPath(path string) error {
	return custody.E(custody.CodeInvalid, "the path "+path+" cannot be read", "write it like customers[].phone, [].id or **.email")
}

// jsonNode is a state of the machine that all paths together make: where a value
// stands. Member and element give the state of what is inside.
type jsonNode struct {
	rule    rule
	keyed   bool // a member of an object here is the key of a subject
	names   nameTable
	other   int32 // members without a name of their own
	element int32
}

// maxNodes bounds the machine; a configuration that needs more has too many **.
const maxNodes = 4096

// compilePaths makes the machine by the subset construction: a state is a set of
// (path, step) pairs.
func compilePaths(paths []jsonPath) ([]jsonNode, error) {
	b := &pathBuilder{paths: paths, known: map[string]int32{}}
	var start []place
	for i := range paths {
		start = b.close(start, place{i, 0})
	}
	if _, err := b.node(start); err != nil {
		return nil, err
	}
	return b.nodes, nil
}

type place struct{ path, step int }

type pathBuilder struct {
	paths []jsonPath
	nodes []jsonNode
	known map[string]int32
}

// close adds a place, and what follows if its step is ** and may stand for nothing.
func (b *pathBuilder) close(set []place, p place) []place {
	for _, had := range set {
		if had == p {
			return set
		}
	}
	set = append(set, p)
	steps := b.paths[p.path].steps
	if p.step < len(steps) && steps[p.step] == "**" {
		set = b.close(set, place{p.path, p.step + 1})
	}
	return set
}

// after gives the places behind a member of a name, or behind an element ("[]").
func (b *pathBuilder) after(set []place, name string) []place {
	var next []place
	for _, p := range set {
		steps := b.paths[p.path].steps
		if p.step == len(steps) {
			continue
		}
		switch s := steps[p.step]; {
		case s == "**":
			next = b.close(next, p)
		case s == name || s == "*":
			next = b.close(next, place{p.path, p.step + 1})
		}
	}
	return next
}

// node gives the number of the state for a set, and makes it if need be.
func (b *pathBuilder) node(set []place) (int32, error) {
	var id strings.Builder
	for _, p := range set {
		id.WriteString(string(rune(p.path)) + "/" + string(rune(p.step)) + " ")
	}
	if n, ok := b.known[id.String()]; ok {
		return n, nil
	}
	if len(b.nodes) == maxNodes {
		return 0, custody.E(custody.CodeInvalid, "the json paths are too many or too general", "write fewer paths with **")
	}
	n := int32(len(b.nodes))
	b.known[id.String()] = n
	node := jsonNode{}
	names := map[string]bool{}
	var list []string
	for _, p := range set {
		steps := b.paths[p.path].steps
		if p.step == len(steps) {
			if node.rule == ruleNone || b.paths[p.path].rule == ruleKey {
				node.rule = b.paths[p.path].rule
			}
			continue
		}
		s := steps[p.step]
		if s != "*" && s != "**" && s != "[]" && !names[s] {
			names[s] = true
			list = append(list, s)
		}
		if p.step == len(steps)-1 && b.paths[p.path].rule == ruleKey && s != "[]" {
			node.keyed = true
		}
	}
	b.nodes = append(b.nodes, node)
	return n, b.fill(n, set, list)
}

func (b *pathBuilder) fill(n int32, set []place, names []string) (err error) {
	next := make([]int32, len(names))
	for i, name := range names {
		if next[i], err = b.node(b.after(set, name)); err != nil {
			return err
		}
	}
	other, err := b.node(b.after(set, "\x00 no member"))
	if err != nil {
		return err
	}
	element, err := b.node(b.after(set, "[]"))
	b.nodes[n].names = newNames(names, next)
	b.nodes[n].other, b.nodes[n].element = other, element
	return err
}

// member gives the state behind a member's name, and whether the name is configured.
func (n *jsonNode) member(name []byte) (to int32, known bool) {
	if to := n.names.find(name); to >= 0 {
		return to, true
	}
	return n.other, false
}
