package console

import (
	"strings"

	"custody"
)

// Switch takes portals offline for everybody, and brings them back. It holds to the
// second person itself.
type Switch interface {
	// TakeDown takes a system's portal offline, or all with system zero.
	TakeDown(system custody.SystemID, by custody.PersonID, reason string) error
	// BringUp brings back what TakeDown took offline with the same system. Whoever took
	// it down may not: the error has custody.CodeForbidden.
	BringUp(system custody.SystemID, by custody.PersonID) error
}

// maxDownReason is how long the sentence for the people who meet the page may be, in bytes.
const maxDownReason = 500

func takeAllDown(v *visit) error { return v.takeDown(0) }

func bringAllUp(v *visit) error { return v.bringUp(0) }

func takePortalDown(v *visit) error {
	s, err := v.portal()
	if err != nil {
		return err
	}
	return v.takeDown(s.ID)
}

func bringPortalUp(v *visit) error {
	s, err := v.portal()
	if err != nil {
		return err
	}
	if s.Down != nil && s.Down.All {
		return custody.E(custody.CodeConflict, "all portals were taken down together", "bring all of them back together")
	}
	return v.bringUp(s.ID)
}

func (v *visit) takeDown(system custody.SystemID) error {
	if err := v.maySwitch(); err != nil {
		return err
	}
	reason := strings.TrimSpace(v.text("reason"))
	if reason == "" || len(reason) > maxDownReason {
		return custody.E(custody.CodeInvalid, "say why, in one or two sentences", "people read it on the page that they meet")
	}
	if err := v.c.o.Switch.TakeDown(system, v.sess.Person, reason); err != nil {
		return v.refused(err)
	}
	return v.seeOther("/systems", "taken-down")
}

func (v *visit) bringUp(system custody.SystemID) error {
	if err := v.maySwitch(); err != nil {
		return err
	}
	if err := v.c.o.Switch.BringUp(system, v.sess.Person); err != nil {
		return v.refused(err)
	}
	return v.seeOther("/systems", "brought-up")
}

// maySwitch lets those only use the switch whose role reaches everybody: so does the page.
func (v *visit) maySwitch() error {
	if !v.reach(areaSwitch).everywhere() {
		return v.refused(custody.E(custody.CodeForbidden, "your role does not reach everybody", "somebody whose role does uses the switch"))
	}
	return nil
}

// portal finds the system of the path, which must have a portal.
func (v *visit) portal() (*System, error) {
	list, err := v.c.o.Systems.Systems()
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == v.r.PathValue("system") && list[i].Portal != "" {
			return &list[i], nil
		}
	}
	return nil, errNothing
}
