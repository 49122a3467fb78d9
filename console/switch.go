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

func takeAllDown(v *visit) error { return v.switched(v.takeDown(0, v.text("reason")), "taken-down") }

func bringAllUp(v *visit) error { return v.switched(v.bringUp(0), "brought-up") }

func takePortalDown(v *visit) error {
	return v.switched(v.takePortalDown(v.text("reason")), "taken-down")
}

func bringPortalUp(v *visit) error { return v.switched(v.bringPortalUp(), "brought-up") }

// switched goes on to the page of systems.
func (v *visit) switched(err error, done string) error {
	if err != nil {
		return err
	}
	return v.seeOther("/systems", done)
}

// takePortalDown takes the portal of the path offline.
func (v *visit) takePortalDown(reason string) error {
	s, err := v.portal()
	if err != nil {
		return err
	}
	return v.takeDown(s.ID, reason)
}

// bringPortalUp brings back the portal of the path.
func (v *visit) bringPortalUp() error {
	s, err := v.portal()
	if err != nil {
		return err
	}
	if s.Down != nil && s.Down.All {
		return custody.E(custody.CodeConflict, "all portals were taken down together", "bring all of them back together")
	}
	return v.bringUp(s.ID)
}

func (v *visit) takeDown(system custody.SystemID, reason string) error {
	if err := v.maySwitch(); err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > maxDownReason {
		return custody.E(custody.CodeInvalid, "say why, in one or two sentences", "people read it on the page that they meet")
	}
	return v.refused(v.c.o.Switch.TakeDown(system, v.sess.Person, reason))
}

func (v *visit) bringUp(system custody.SystemID) error {
	if err := v.maySwitch(); err != nil {
		return err
	}
	return v.refused(v.c.o.Switch.BringUp(system, v.sess.Person))
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
	s, err := v.system()
	if err == nil && s.Portal == "" {
		return nil, errNothing
	}
	return s, err
}
