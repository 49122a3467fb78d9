package site

import (
	"context"
	"time"

	"custody/doctor/portalcheck"
	"custody/subjects"
)

// PortalCheck says how the application behind a portal is tested against the portal
// standard.
type PortalCheck struct {
	Every time.Duration // never if zero
	// Account reads the test account; nil, or an empty user, is none.
	Account func() (user, password string, err error)
	Form    portalcheck.Form
	Change  string
	Consent bool
	// Pause is the least time between two requests; the usual one if zero.
	Pause time.Duration
}

// keepChecked tests the application at a portal's origin when it was last tested longer
// ago than Every, whoever did it, and again and again from then on.
func (s *Site) keepChecked(ctx context.Context, sys *System) {
	c := &sys.Portal.Check
	wait := time.Duration(0)
	if last, err := s.o.Store.LastPortalExamination(sys.ID); err == nil && !last.IsZero() {
		wait = max(0, last.Add(c.Every).Sub(s.o.Now()))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := c.Every
		if err := s.checkPortal(ctx, sys); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the portal could not be tested against the standard", "system", sys.Name, "err", err)
			next = min(next, examineRetry)
		}
		timer.Reset(next)
	}
}

// checkPortal tests the application and keeps what is found; tellFindings hears of it.
func (s *Site) checkPortal(ctx context.Context, sys *System) error {
	c, p := &sys.Portal.Check, sys.Portal
	o := portalcheck.Options{URL: p.Origin, TLS: p.OriginTLS, Form: c.Form, Change: c.Change, Consent: c.Consent,
		Canonical: subjects.Canonical, Every: c.Pause, Now: s.o.Now}
	if c.Account != nil {
		user, password, err := c.Account()
		if err != nil {
			return err
		}
		if user != "" {
			o.Account = &portalcheck.Account{User: user, Password: password}
		}
	}
	report, err := portalcheck.Examine(ctx, o)
	if err != nil {
		return err
	}
	_, closed, err := s.o.Store.RecordExamination(ctx, Examination(sys.ID, s.o.Now(), &report.Report))
	if err == nil {
		s.o.Log.Info("the portal was tested against the standard", "system", sys.Name, "grade", portalcheck.Grade(&report.Report),
			"findings", len(report.Findings), "not_checked", len(report.Outcomes)-len(report.Done()), "gone", closed)
	}
	return err
}
