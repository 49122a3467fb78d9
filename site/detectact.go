package site

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/detect"
	"custody/gate"
	"custody/notice"
	"custody/policy"
	"custody/store"
)

// act does what the policy says about an alert, each thing once. What was done is noted
// behind it: what failed is done when the alert grows, and after a crash between the two it
// is done once more when the events are taken again, rather than never.
func (d *detector) act(k *store.Alert, a *detect.Alert) {
	done, err := d.s.o.Store.AlertActions(k.ID)
	if err != nil {
		d.s.o.Log.Error("what was done about an alert could not be read", "alert", k.ID, "err", err)
		return
	}
	for _, f := range a.Findings {
		actions, said := d.o.Actions[f.Rule]
		if !said {
			actions = []string{ActionNotify}
		}
		for _, action := range actions {
			if slices.Contains(done, action) && (len(k.Logins) == 0 || !restrains(action)) { // logins come to a device
				continue
			}
			err := d.do(action, k, a)
			if err == nil {
				_, err = d.s.o.Store.AlertActed(k.ID, action, d.s.o.Now())
			}
			if err != nil {
				d.s.o.Log.Error("what was to be done about an alert failed", "alert", k.ID, "action", action, "err", err)
				continue
			}
			done = append(done, action)
		}
	}
}

// restrains says whether an action is a restraint on people.
func restrains(action string) bool { return action != ActionNotify && action != ActionCut }

// do does one thing. A restraint because of a device on which several logins looked falls
// on each of these logins alike: which of them is concerned is what nobody knows, whoever
// was last at the device least of all.
func (d *detector) do(action string, k *store.Alert, a *detect.Alert) error {
	now := d.s.o.Now()
	r := store.Restraint{Alert: k.ID, Start: now, End: now.Add(d.o.Restrain)}
	switch action {
	case ActionNotify:
		return d.notify(k, a)
	case ActionLowerLimit:
		r.PerHour = d.o.LowerTo
	case ActionAskReason:
		r.Reason = true
	case ActionCut:
		return d.cut(k, a)
	case ActionStepUp:
		r.Fresh, r.End = true, now.Add(stepUpHolds)
	}
	for _, r.Person = range k.About() {
		if err := d.s.o.Store.AddRestraint(&r); err != nil {
			return err
		}
	}
	return nil
}

func (d *detector) notify(k *store.Alert, a *detect.Alert) error {
	subject := "Alert " + strconv.FormatInt(k.ID, 10) + ": " + a.Says
	if len(subject) > notice.MaxSubject {
		subject = strings.ToValidUTF8(subject[:notice.MaxSubject-3], "") + "..."
	}
	severity := notice.Medium
	if k.Strength >= 8 {
		severity = notice.High
	}
	return d.s.Notices.Put(notice.Message{
		Key: "alert-" + strconv.FormatInt(k.ID, 10), Kind: notice.AlertRaised, Severity: severity, Subject: subject, Text: describe(k, a),
		Path: "/alerts/" + strconv.FormatInt(k.ID, 10), Data: map[string]string{"alert": strconv.FormatInt(k.ID, 10), "rule": k.Rules[0]}, System: k.System, Time: a.Time,
	})
}

// stepUpHolds is longer than any credential lives: what was given out before the alert
// opens nothing again by waiting.
const stepUpHolds = 5 * 366 * 24 * time.Hour

// cut ends the session of the alert; because of a device on which several logins looked,
// all their sessions there.
func (d *detector) cut(k *store.Alert, a *detect.Alert) error {
	ending := []custody.SessionID{a.Session}
	if len(k.Logins) > 0 {
		live, err := d.s.o.Store.LiveSessions()
		if err != nil {
			return err
		}
		ending = nil
		for i := range live {
			if live[i].Address == k.Device && slices.Contains(k.About(), live[i].Person) {
				ending = append(ending, live[i].ID)
			}
		}
	}
	for _, id := range ending {
		if err := d.s.o.Store.CutSession(id, d.s.o.Now()); err != nil && custody.CodeOf(err) != custody.CodeNotFound {
			return err
		}
	}
	return nil
}

// restrained narrows what policy decides for people with a restraint.
type restrained struct {
	*policy.Policy
	by map[custody.PersonID][]store.Restraint
}

// restrain puts the restraints in force on a policy.
func (s *Site) restrain(p *policy.Policy) (gate.Decider, error) {
	list, err := s.o.Store.Restraints(s.o.Now())
	if err != nil || len(list) == 0 {
		return p, err
	}
	r := &restrained{Policy: p, by: map[custody.PersonID][]store.Restraint{}}
	for _, x := range list {
		if x.PerHour == 0 && !x.Reason { // a sign-in anew is identity's to ask for
			continue
		}
		r.by[x.Person] = append(r.by[x.Person], x)
	}
	return r, nil
}

// Decide implements gate.Decider: limits only get lower, reasons only more often asked.
func (r *restrained) Decide(q custody.Question) custody.Decision {
	d := r.Policy.Decide(q)
	for _, x := range r.by[q.Session.Person] {
		if !q.Time.Before(x.End) {
			continue
		}
		if x.PerHour > 0 && (d.Limits.PerHour == 0 || d.Limits.PerHour > x.PerHour) {
			d.Limits.PerHour = x.PerHour
		}
		if x.PerHour > 0 && (d.Limits.PerExport == 0 || d.Limits.PerExport > x.PerHour) {
			d.Limits.PerExport = x.PerHour
		}
		if x.Reason && q.Reason == "" { // nothing is open until a reason is stated
			d.Treatments, d.ReasonRequired = custody.Decision{}.Treatments, true
		}
		d.Extra, d.Lent = nil, 0 // approvals wait
		d.ValidUntil = earliest(d.ValidUntil, x.End)
	}
	return d
}

// earliest gives the earlier of two times; zero, which asks every time, stays.
func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
