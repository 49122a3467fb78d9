package console

// systemsData lists the guarded systems.
type systemsData struct {
	Systems []System
	Switch  bool // the visitor may take portals offline
	All     *Down
	Portals int
	Self    string // the visitor's login
}

func systemsPage(v *visit) error {
	list, err := v.c.o.Systems.Systems()
	if err != nil {
		return err
	}
	d := &systemsData{Systems: list, Switch: v.reach(areaSwitch).everywhere()}
	if p := v.people.byID[v.sess.Person]; p != nil {
		d.Self = p.Login
	}
	for i := range list {
		if list[i].Portal != "" {
			d.Portals++
		}
		if list[i].Down != nil && list[i].Down.All {
			d.All = list[i].Down
		}
	}
	return v.show("systems", "Systems", d)
}

// system finds the system of the path.
func (v *visit) system() (*System, error) {
	all, err := v.c.o.Systems.Systems()
	for i := range all {
		if all[i].Name == v.r.PathValue("system") {
			return &all[i], nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, errNothing
}
