package console

import (
	"slices"
	"time"

	"custody"
)

func staffCalls() []call {
	return []call{
		{"POST", "people/import", "importPeople", "Bring people in line with a list (CSV), all or nothing; without sure it says what would be", areaJoin, scopePeopleDo, dear | lists, nil, PeopleFile{}, PeopleChanges{}, callImportPeople},
		{"POST", "people/{login}/enrol", "enrol", "Make a one-time code with which somebody who has no way to sign in sets one up; it is given once", areaJoin, scopePeopleDo, secret, nil, Enrolling{}, EnrolCode{}, callEnrol},
		{"GET", "managers", "managers", "Who decides about whose rights", areaRoles, scopePeople, list, []param{{"ended", "yes: ended ones too", "string"}}, nil, ManagerItem{}, callManagers},
		{"POST", "managers", "addManager", "Have somebody decide about an employer's people, or a branch's; nobody appoints themselves", areaRolesDo, scopeRights, 0, nil, NewManager{}, ManagerItem{}, callAddManager},
		{"POST", "managers/{manager}/end", "endManager", "They decide about nobody there any more", areaRolesDo, scopeRights, 0, nil, nil, Done{}, callEndManager},
	}
}

// PeopleFile is a list of people.
type PeopleFile struct {
	CSV  string `json:"csv" text:"whole"` // columns: login and organisation, and any of name, branch, roles, start, end
	Sure bool   `json:"sure,omitempty"`   // do it
}

// PeopleChanges is what a list asks for.
type PeopleChanges struct {
	Done      bool         `json:"done"` // all of it was; otherwise nothing
	Changes   []ChangeLine `json:"changes"`
	Wrong     int          `json:"wrong"` // lines that cannot be done
	Unchanged int          `json:"unchanged"`
}

// ChangeLine is one change that a line asks for, or what is wrong in it.
type ChangeLine struct {
	Line         int       `json:"line"`
	Login        string    `json:"login,omitempty"`
	Change       string    `json:"change,omitempty"`
	Organisation string    `json:"organisation,omitempty"`
	Branch       string    `json:"branch,omitempty"`
	Roles        []string  `json:"roles,omitempty"`
	At           time.Time `json:"at,omitzero"`
	End          time.Time `json:"end,omitzero"`
	Ended        string    `json:"ended,omitempty"` // what was, or would be, cut
	Error        string    `json:"error,omitempty"`
	Hint         string    `json:"hint,omitempty"`
}

func callImportPeople(v *visit, in any) (any, error) {
	f := in.(PeopleFile)
	found, err := v.c.o.Staff.Import(f.CSV, v.mayChange, f.Sure)
	if err != nil {
		return nil, err
	}
	out := PeopleChanges{Done: f.Sure && found.Wrong == 0, Changes: []ChangeLine{}, Wrong: found.Wrong, Unchanged: found.Unchanged}
	for _, l := range found.Lines {
		line := ChangeLine{l.Line, l.Login, l.Change, l.Organisation, l.Branch, l.Roles, l.At, l.End, l.Ended, "", ""}
		if l.Err != nil {
			line.Error, line.Hint = publicly(l.Err)
		}
		out.Changes = append(out.Changes, line)
	}
	if out.Done {
		v.c.o.Log.Info("a list of people was brought in by the console", "changes", len(out.Changes), "by", v.sess.ID)
	}
	return out, nil
}

// mayChange says whether the visitor may change a person's engagement at an employer: as
// if they did it one by one. Whom they do not reach they are told nothing of.
func (v *visit) mayChange(login, organisation string) error {
	if organisation != "" {
		if err := v.reachesEmployer(organisation); err != nil {
			return err
		}
	}
	p := v.people.byLogin(login)
	switch {
	case p == nil:
		return nil
	case p.ID == v.sess.Person:
		return v.refused(custody.E(custody.CodeForbidden, "nobody changes their own engagement here", "somebody else with the role does it"))
	case len(p.now(v.c.o.Now())) == 0:
		return nil
	}
	return v.touches(p, "")
}

// Enrolling asks for a code to set up how somebody signs in.
type Enrolling struct {
	Confirm
	Minutes uint32 `json:"minutes,omitempty"` // how long it holds; a day if it is left out
}

// EnrolCode is such a code.
type EnrolCode struct {
	Login   string    `json:"login"`
	Code    string    `json:"code"`
	Path    string    `json:"path"` // at the console or any portal
	Expires time.Time `json:"expires"`
}

// callEnrol makes a code only for who cannot sign in at all: whoever has a code can sign
// in as that person, and must not become, through it, somebody who works here already or
// who reaches further in the console.
func callEnrol(v *visit, in any) (any, error) {
	e := in.(Enrolling)
	p, err := v.confirmed(e.Confirm)
	if err == nil {
		err = v.touches(p, "")
	}
	if err != nil {
		return nil, err
	}
	holds, err := v.c.o.People.Holds(p.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(holds, func(h Hold) bool { return h.Role != Manager && !slices.Contains(v.holds, h) }) {
		return nil, v.refused(custody.E(custody.CodeForbidden, "this person's role in the console is not yours", "somebody with that role does it, or it is done where the server runs: custody person enrol"))
	}
	code, expires, err := v.c.o.Staff.Enrol(p.Login, time.Duration(e.Minutes)*time.Minute)
	if err != nil {
		return nil, err
	}
	v.c.o.Log.Warn("an enrolment code was made in the console", "person", p.ID, "by", v.sess.ID)
	return EnrolCode{p.Login, code, "/.custody/enrol?code=" + code, expires}, nil
}

// ManagerItem is somebody who decides about people's rights.
type ManagerItem struct {
	ID           int64     `json:"id"`
	Login        string    `json:"login"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"` // all if missing
	Since        time.Time `json:"since"`
	Ended        time.Time `json:"ended,omitzero"`
}

func managerItem(m *Managing) ManagerItem {
	return ManagerItem{m.ID, m.Login, m.OrgName, m.Branch, m.Since, m.Ended}
}

func callManagers(v *visit, _ any) (any, error) {
	all, err := v.c.o.Managers.Managers(v.r.Context(), v.r.URL.Query().Get("ended") == "yes")
	if err != nil {
		return nil, err
	}
	items, r := []ManagerItem{}, v.reach(areaRoles)
	for i := range all {
		if r.organisation(all[i].Organisation) {
			items = append(items, managerItem(&all[i]))
		}
	}
	return part(v, items)
}

// NewManager is somebody to be appointed.
type NewManager struct {
	Login        string `json:"login"`
	Organisation string `json:"organisation"`
	Branch       string `json:"branch,omitempty"`
}

func callAddManager(v *visit, in any) (any, error) {
	n := in.(NewManager)
	p, err := v.staffed(n.Login, areaRolesDo)
	if err != nil {
		return nil, err
	}
	if len(p.now(v.c.o.Now())) == 0 {
		return nil, custody.E(custody.CodeInvalid, "this person has no current engagement", "name somebody who works here now")
	}
	if n.Organisation == "" {
		return nil, custody.E(custody.CodeInvalid, "the employer is missing", "name the employer whose people they manage")
	}
	m := Managing{Person: p.ID, Login: p.Login, OrgName: n.Organisation, Branch: n.Branch}
	if m.Organisation, err = v.employerNamed(n.Organisation); err != nil {
		return nil, err
	}
	if err := v.refused(v.c.o.Managers.AddManager(v.r.Context(), &m, v.sess.Person)); err != nil {
		return nil, err
	}
	v.c.o.Log.Warn("a manager was appointed in the console", "person", p.ID, "by", v.sess.ID)
	return managerItem(&m), nil
}

func callEndManager(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "manager")
	if err != nil {
		return nil, err
	}
	all, err := v.c.o.Managers.Managers(v.r.Context(), false)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(m Managing) bool { return m.ID == id })
	if at < 0 || !v.reach(areaRolesDo).organisation(all[at].Organisation) {
		return nil, errNothing
	}
	return Done{"ended"}, v.refused(v.c.o.Managers.EndManager(v.r.Context(), id, v.sess.Person))
}
