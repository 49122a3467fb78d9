package identity

import (
	"io"
	"slices"
	"time"
)

// ImportLine is what one line of a list asks for and what came of it. Where the line is
// not understood, its change has no kind.
type ImportLine struct {
	Line int
	Outcome
}

// Imported is what a list asks for, and what was, or would be, done.
type Imported struct {
	Lines     []ImportLine
	Wrong     int // lines that cannot be done; then nothing was
	Unchanged int // people who are as the list says
}

// Import compares a list of people with what is in force and, with do, makes all the
// changes that it asks for, or none if a line is wrong. may says whether whoever imports
// may make a change; nil lets all. The error is of the list as a whole.
func (s *Service) Import(in io.Reader, zone *time.Location, may func(*Change) error, do bool) (*Imported, error) {
	list, mistakes, err := ReadRoster(in, zone)
	if err != nil {
		return nil, err
	}
	plan, more, err := s.Plan(list)
	if err != nil {
		return nil, err
	}
	mistakes = append(mistakes, more...)
	var changes []Change
	touched := map[int]bool{}
	plan = slices.DeleteFunc(plan, func(p Planned) bool {
		touched[p.Line] = true
		if may != nil {
			if err := may(&p.Change); err != nil { // not even tried: what it would end is not theirs to know
				mistakes = append(mistakes, LineError{p.Line, err})
				return true
			}
		}
		changes = append(changes, p.Change)
		return false
	})
	outcomes, err := s.Employ(changes, !do || len(mistakes) > 0)
	if err != nil {
		return nil, err
	}
	done, bad := &Imported{Unchanged: len(list) - len(touched)}, map[int]bool{}
	for i := range outcomes {
		bad[plan[i].Line] = bad[plan[i].Line] || outcomes[i].Err != nil
		done.Lines = append(done.Lines, ImportLine{plan[i].Line, outcomes[i]})
	}
	for _, m := range mistakes {
		bad[m.Line] = true
		done.Lines = append(done.Lines, ImportLine{m.Line, Outcome{Err: m.Err}})
	}
	for _, wrong := range bad {
		if wrong {
			done.Wrong++
		}
	}
	slices.SortStableFunc(done.Lines, func(x, y ImportLine) int { return x.Line - y.Line })
	return done, nil
}

// SetUp says whether a person has a way to sign in with a browser already.
func (s *Service) SetUp(login string) (bool, error) {
	p, err := s.person(login)
	if err != nil {
		return false, err
	}
	password, err := s.PasswordOf(p.ID)
	if err != nil || password != nil {
		return password != nil, err
	}
	keys, err := s.Passkeys(p.ID)
	return len(keys) > 0, err
}
