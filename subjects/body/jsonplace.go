package body

import "math"

// jsonPlace is where in a body of JSON a reader is, and what the plan says of that place.
type jsonPlace struct {
	plan   *Plan
	stack  []frame
	node   int32 // of the value that comes next
	member bool  // a name has been read, its value comes next
	units  int   // open elements of arrays, of which the outermost is the record
}

// frame is an open object or array.
type frame struct {
	node  int32
	scope int32 // of what is inside
	rule  rule  // that everything inside has
	array bool
	unit  bool // it is the element that makes the record
	keyed bool // it has a scope of its own
}

// ruleHere gives the rule of the value that comes at this place.
func (j *jsonPlace) ruleHere(top *frame) rule {
	if len(j.plan.json) == 0 {
		return ruleNone
	}
	switch {
	case top == nil:
		return j.plan.json[0].rule
	case top.array:
		return j.plan.json[j.plan.json[top.node].element].rule
	case !j.member:
		return ruleNone
	}
	return j.plan.json[j.node].rule
}

func (j *jsonPlace) top() *frame {
	if len(j.stack) == 0 {
		return nil
	}
	return &j.stack[len(j.stack)-1]
}

// open begins an object or array.
func (j *jsonPlace) open(f *Filter, array bool) error {
	if len(j.stack) == MaxDepth {
		return errTooLarge("the answer is nested deeper than 512 levels")
	}
	top := j.top()
	next := frame{scope: noScope, array: array}
	if top != nil {
		next.scope, next.rule = top.scope, top.rule
		if top.array && j.units == 0 {
			next.unit = true
			j.units++
		}
	}
	if len(j.plan.json) > 0 {
		if own := j.ruleHere(top); own >= ruleCategory {
			next.rule = own
		}
		next.node = j.nodeHere(top)
		if !array && j.plan.json[next.node].keyed {
			next.scope, next.keyed = f.newScope(), true
		}
	}
	f.at++
	j.member = false
	j.stack = append(j.stack, next)
	return nil
}

func (j *jsonPlace) nodeHere(top *frame) int32 {
	switch {
	case top == nil:
		return 0
	case top.array:
		return j.plan.json[top.node].element
	case !j.member: // a value without a name: nothing is configured there
		n, _ := j.plan.json[top.node].member(nil)
		return n
	}
	return j.node
}

// pop ends the innermost object or array, if one is open.
func (j *jsonPlace) pop() (top frame, ok bool) {
	if len(j.stack) == 0 {
		return top, false
	}
	top = j.stack[len(j.stack)-1]
	j.stack = j.stack[:len(j.stack)-1]
	j.member = false
	if top.unit {
		j.units--
	}
	return top, true
}

// lowest gives the first scope that is still open.
func (j *jsonPlace) lowest() int32 {
	for i := range j.stack {
		if j.stack[i].keyed {
			return j.stack[i].scope
		}
	}
	return math.MaxInt32
}

func (j *jsonPlace) moved(int32, int32) {}
