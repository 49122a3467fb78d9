package site

import (
	"context"
	"strings"
	"time"

	"custody"
	"custody/doctor"
	"custody/store"
)

// examineRetry is when an examination that failed is tried again.
const examineRetry = time.Minute

// keepExamined examines a guarded database when it was last examined longer ago than
// DoctorEvery, whoever did it, and again and again from then on.
func (s *Site) keepExamined(ctx context.Context, sys *System) {
	if s.o.DoctorEvery == 0 {
		return
	}
	wait := time.Duration(0)
	if last, err := s.o.Store.LastExamination(sys.ID); err == nil && !last.IsZero() {
		wait = max(0, last.Add(s.o.DoctorEvery).Sub(s.o.Now()))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := s.o.DoctorEvery
		if err := s.examine(ctx, sys); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the database could not be examined for ways around the gate", "system", sys.Name, "err", err)
			next = min(next, examineRetry)
		}
		timer.Reset(next)
	}
}

// examine looks with the gate's own credential and keeps what it finds. What is new or
// worse is told by tellFindings, which hears of it.
func (s *Site) examine(ctx context.Context, sys *System) error {
	conn, err := connect(ctx, sys)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	report, err := doctor.Examine(ctx, conn, doctor.Options{
		System: &sys.System, GateRole: sys.Upstream.User, GatePassword: sys.Upstream.Password, Now: s.o.Now(),
	})
	if err != nil {
		return err
	}
	_, closed, err := s.o.Store.RecordExamination(ctx, Examination(sys.ID, s.o.Now(), report))
	if err == nil {
		s.o.Log.Info("the database was examined for ways around the gate", "system", sys.Name, "findings", len(report.Findings),
			"worst", report.Worst().String(), "gone", closed)
	}
	return err
}

// Examination puts a report in the words of the store.
func Examination(system custody.SystemID, at time.Time, r *doctor.Report) *store.Examination {
	x := &store.Examination{System: system, Time: at, Checked: r.Done()}
	for _, o := range r.Outcomes {
		if o.Skipped != "" {
			x.Skipped = append(x.Skipped, o.Check)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		x.Found = append(x.Found, store.Finding{Check: f.Check, Object: f.Object, Severity: uint8(f.Severity), Message: f.Message, Mark: f.Mark()})
	}
	return x
}

// tellFindings writes what got worse into the ledger and the log, whoever found it. A
// crash in between makes it told twice, never not at all. Objects stay out of the log:
// a role's name can be a person's.
func (s *Site) tellFindings() {
	untold, err := s.o.Store.UntoldFindings()
	if err != nil {
		s.o.Log.Warn("findings could not be read", "err", err)
		return
	}
	for i := range untold {
		f := &untold[i]
		at := s.o.Now()
		if err := s.Ledger.Append(&custody.Event{Kind: custody.EventFinding, Time: at, System: f.System, Statement: f.Mark}); err != nil {
			s.o.Log.Error("a finding could not be recorded", "finding", f.ID, "err", err)
			return
		}
		if err := s.o.Store.FindingTold(f.ID, at); err != nil {
			s.o.Log.Error("a finding could not be recorded", "finding", f.ID, "err", err)
			return
		}
		if strings.HasPrefix(f.Check, store.PortalChecks) {
			s.o.Log.Warn("A PORTAL FALLS FURTHER SHORT OF THE STANDARD", "system", s.nameOf(f.System), "check", f.Check,
				"severity", doctor.Severity(f.Severity).String(), "finding", f.ID, "hint", "custody doctor portal says what it is and what to change")
			continue
		}
		s.o.Log.Warn("A CHECK OF A GUARDED DATABASE GOT WORSE", "system", s.nameOf(f.System), "check", f.Check,
			"severity", doctor.Severity(f.Severity).String(), "finding", f.ID, "hint", "custody doctor says what it is and what to change")
	}
}

func (s *Site) nameOf(id custody.SystemID) string {
	for i := range s.o.Systems {
		if s.o.Systems[i].ID == id {
			return s.o.Systems[i].Name
		}
	}
	return ""
}
