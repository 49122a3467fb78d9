package console

import (
	"time"

	"custody"
)

func rightsCalls() []call {
	return []call{
		{"GET", "grants", "grants", "The rights that are in force or to come", areaRights, scopePeople, list, []param{{"system", "only in this system", "string"}, {"ended", "yes: ended ones too", "string"}}, nil, GrantItem{}, callGrants},
		{"POST", "grants", "giveGrant", "Give a right; nobody gives one that reaches themselves", areaGrant, scopeRights, 0, nil, NewGrant{}, GrantItem{}, callGive},
		{"POST", "grants/preview", "previewGrant", "What a right would change, without giving it", areaGrant, scopeRights, asks, nil, NewGrant{}, Preview{}, callPreview},
		{"POST", "grants/{grant}/end", "endGrant", "End a right, now", areaGrant, scopeRights, 0, nil, Why{}, Done{}, callEndGrant},
		{"GET", "who-can", "whoCan", "Who can see a category in a system now", areaRights, scopePeople, list,
			[]param{{"system", "the system's name", "string"}, {"category", "the category, such as phone", "string"}, {"branch", "only people of this branch", "string"}}, nil, CanItem{}, callWhoCan},
		{"GET", "roles", "roles", "Who has which role in the console", areaRoles, scopePeople, list, nil, nil, RoleItem{}, callRoles},
		{"POST", "roles", "giveRole", "Give somebody a role in the console; nobody gives one to themselves", areaRolesDo, scopeRights, 0, nil, NewRole{}, Done{}, callGiveRole},
		{"POST", "roles/{role}/end", "endRole", "Take a role in the console away, now", areaRolesDo, scopeRights, 0, nil, nil, Done{}, callEndRole},
	}
}

// GrantItem is a right of a person, a role or an application in a system.
type GrantItem struct {
	ID                uint32    `json:"id"`
	Holder            string    `json:"holder"`
	System            string    `json:"system"`
	See               []string  `json:"see"`
	Mask              []string  `json:"mask"`
	Change            []string  `json:"change"`
	Export            bool      `json:"export"`
	SubjectsPerHour   uint32    `json:"subjects_per_hour"` // zero is no limit
	SubjectsPerDay    uint32    `json:"subjects_per_day"`
	SubjectsPerExport uint32    `json:"subjects_per_export"`
	RequireReason     bool      `json:"require_reason"`
	Needs             []string  `json:"needs"`
	Beyond            uint32    `json:"beyond_limits,omitempty"`
	Start             time.Time `json:"start"`
	End               time.Time `json:"end,omitzero"`
}

func grantItem(g *Grant) GrantItem {
	return GrantItem{uint32(g.ID), g.Holder, g.System, words0(g.See), words0(g.Mask), words0(g.Change), g.Export,
		g.Limits.PerHour, g.Limits.PerDay, g.Limits.PerExport, g.Reason, append([]string{}, g.Needs...), g.Beyond, g.Start, g.End}
}

func grantItems(all []Grant) []GrantItem {
	items := make([]GrantItem, len(all))
	for i := range all {
		items[i] = grantItem(&all[i])
	}
	return items
}

func callGrants(v *visit, _ any) (any, error) {
	all, err := v.grantsInReach()
	if err != nil {
		return nil, err
	}
	q := v.r.URL.Query()
	items := []GrantItem{}
	for i := range all {
		g := &all[i]
		if ended := !g.End.IsZero() && !v.c.o.Now().Before(g.End); (!ended || q.Get("ended") == "yes") && (q.Get("system") == "" || q.Get("system") == g.System) {
			items = append(items, grantItem(g))
		}
	}
	return part(v, items)
}

// words0 is never nil, so that programs get a list.
func words0(s custody.CategorySet) []string { return append([]string{}, s.Strings()...) }

// NewGrant is a right to be given: to exactly one of person, role and organisation.
type NewGrant struct {
	Person            string    `json:"person,omitempty"` // login
	Role              string    `json:"role,omitempty"`
	Organisation      string    `json:"organisation,omitempty"`
	System            string    `json:"system"`
	See               []string  `json:"see,omitempty"`
	Mask              []string  `json:"mask,omitempty"`
	Change            []string  `json:"change,omitempty"`
	Export            bool      `json:"export,omitempty"`
	SubjectsPerHour   uint32    `json:"subjects_per_hour,omitempty"`
	SubjectsPerDay    uint32    `json:"subjects_per_day,omitempty"`
	SubjectsPerExport uint32    `json:"subjects_per_export,omitempty"`
	RequireReason     bool      `json:"require_reason,omitempty"`
	Needs             []string  `json:"needs,omitempty"`
	Start             time.Time `json:"start,omitzero"`
	End               time.Time `json:"end,omitzero"`
	Reason            string    `json:"reason,omitempty"` // why it is given; needed to give it
}

// grant makes a right of what a program sent.
func (n *NewGrant) grant() (*Grant, error) {
	g := &Grant{System: n.System, Export: n.Export, Limits: custody.Limits{PerHour: n.SubjectsPerHour, PerDay: n.SubjectsPerDay, PerExport: n.SubjectsPerExport},
		Reason: n.RequireReason, Needs: n.Needs, Start: n.Start, End: n.End}
	if err := g.setHolder(n.Person, n.Role, n.Organisation); err != nil {
		return nil, err
	}
	var err error
	for _, set := range []struct {
		words []string
		into  *custody.CategorySet
	}{{n.See, &g.See}, {n.Mask, &g.Mask}, {n.Change, &g.Change}} {
		if *set.into, err = categories(set.words); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func callGive(v *visit, in any) (any, error) {
	n := in.(NewGrant)
	g, err := n.grant()
	if err == nil {
		err = v.give(g, n.Reason)
	}
	if err != nil {
		return nil, err
	}
	return grantItem(g), nil
}

// Preview is what a right would change.
type Preview struct {
	People  int          `json:"people"` // whom it would reach now
	Changes []ChangeItem `json:"changes"`
	Limits  string       `json:"limits"`
	Until   time.Time    `json:"until,omitzero"`
}

// ChangeItem is how many people would see or change something that they cannot now.
type ChangeItem struct {
	Category string `json:"category"`
	Does     string `json:"does"` // see, see-masked or change
	People   int    `json:"people"`
}

func callPreview(v *visit, in any) (any, error) {
	n := in.(NewGrant)
	g, err := n.grant()
	if err != nil {
		return nil, err
	}
	d, err := v.wouldChange(g)
	if err != nil {
		return nil, err
	}
	p := Preview{People: d.People, Changes: []ChangeItem{}, Limits: limitWords(g.Limits), Until: g.End}
	for _, c := range d.Changes {
		p.Changes = append(p.Changes, ChangeItem(c))
	}
	return p, nil
}

func callEndGrant(v *visit, in any) (any, error) {
	id, err := number[custody.GrantID](v, "grant")
	if err != nil {
		return nil, err
	}
	return Done{"ended"}, v.endGrant(id, in.(Why).Reason)
}

// CanItem is somebody who can see something.
type CanItem struct {
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Organisation string   `json:"organisation"`
	Branch       string   `json:"branch,omitempty"`
	How          string   `json:"how"` // "as it is" or "masked"
	Grants       []uint32 `json:"grants"`
}

func callWhoCan(v *visit, _ any) (any, error) {
	q := v.r.URL.Query()
	c, ok := custody.ParseCategory(q.Get("category"))
	if !ok || q.Get("system") == "" {
		return nil, custody.E(custody.CodeInvalid, "name a system and a category", "the categories are "+custody.Categories(custody.AllCategories()...).String())
	}
	all, err := v.c.o.Rights.Grants()
	if err != nil {
		return nil, err
	}
	items := []CanItem{}
	for _, w := range v.whoCan(all, q.Get("system"), c) {
		if q.Get("branch") != "" && q.Get("branch") != w.Branch {
			continue
		}
		item := CanItem{w.Login, w.Name, w.Employer, w.Branch, w.How, []uint32{}}
		for _, g := range w.Under {
			item.Grants = append(item.Grants, uint32(g))
		}
		items = append(items, item)
	}
	return part(v, items)
}

// RoleItem is a role in the console that somebody has.
type RoleItem struct {
	ID           int64     `json:"id"`
	Login        string    `json:"login"`
	Name         string    `json:"name"`
	Role         string    `json:"role"`
	Organisation string    `json:"organisation,omitempty"` // all if missing
	Start        time.Time `json:"start"`
	End          time.Time `json:"end,omitzero"`
}

func callRoles(v *visit, _ any) (any, error) {
	rows, err := v.rolesInReach()
	if err != nil {
		return nil, err
	}
	items := []RoleItem{}
	for _, r := range rows {
		items = append(items, RoleItem{r.ID, r.Login, r.Name, string(r.Role), r.OrgName, r.Start, r.End})
	}
	return part(v, items)
}

// NewRole is a role to be given.
type NewRole struct {
	Login        string    `json:"login"`
	Role         string    `json:"role"` // administrator, lead or auditor
	Organisation string    `json:"organisation,omitempty"`
	End          time.Time `json:"end,omitzero"`
}

func callGiveRole(v *visit, in any) (any, error) {
	n := in.(NewRole)
	return Done{"given"}, v.giveRole(n.Login, Role(n.Role), n.Organisation, n.End)
}

func callEndRole(v *visit, _ any) (any, error) {
	id, err := number[int64](v, "role")
	if err != nil {
		return nil, err
	}
	return Done{"ended"}, v.takeRole(id)
}
