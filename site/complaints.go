package site

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"custody"
	"custody/notice"
	"custody/trace/intake"
)

// Complaints says how complaints are taken.
type Complaints struct {
	Controller intake.Controller
	PerHour    int
	TLS        bool // the form's listener speaks TLS with the site's certificate
}

// counter takes complaints and looks for their customers.
type counter struct {
	service *intake.Service
	server  *http.Server
	wake    chan struct{} // something new may be there to match
}

// Intake gives the desk at which complaints are taken.
func (s *Site) Intake() *intake.Service { return s.intake.service }

// openIntake makes the desk and the public form.
func (s *Site) openIntake() error {
	seal, err := s.Identity.Sealer("complaints v1")
	if err != nil {
		return err
	}
	stamp, err := s.Identity.Sealer("complaint form v1")
	if err != nil {
		return err
	}
	s.intake.wake = make(chan struct{}, 1)
	s.intake.service = intake.New(intake.Options{Storage: s.o.Store, Seal: seal, Zone: s.o.Zone, Now: s.o.Now,
		Mark: func(text string) [32]byte { return s.Identity.Pseudonym("complaint", text) }})
	form := intake.NewForm(intake.FormOptions{Service: s.intake.service, Seal: stamp, Controller: s.o.Complaints.Controller, PerHour: s.o.Complaints.PerHour,
		Zone: s.o.Zone, Now: s.o.Now, Log: s.o.Log})
	s.intake.server = &http.Server{Handler: form, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	if s.o.Complaints.TLS && s.o.TLS != nil {
		s.intake.server.TLSConfig = s.o.TLS.Clone()
		s.intake.server.TLSConfig.ClientAuth = 0
		s.intake.server.TLSConfig.NextProtos = []string{"http/1.1"}
	}
	return nil
}

// ServeComplaints serves the public form until the listener is closed.
func (s *Site) ServeComplaints(l net.Listener) error {
	var err error
	if s.intake.server.TLSConfig != nil {
		err = s.intake.server.ServeTLS(l, "", "")
	} else {
		err = s.intake.server.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// closeIntake ends the public form.
func (s *Site) closeIntake() {
	if s.intake.server != nil {
		_ = s.intake.server.Close()
	}
}

// wakeIntake says that there may be complaints whose customers were not looked for yet.
func (s *Site) wakeIntake() {
	select {
	case s.intake.wake <- struct{}{}:
	default:
	}
}

// keepMatched looks for the customers of complaints, whoever took them.
func (s *Site) keepMatched(ctx context.Context) {
	s.wakeIntake()
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hourly.C:
		case <-s.intake.wake:
		}
		if err := s.tellComplaints(); err != nil {
			s.o.Log.Warn("notices about complaints could not be put", "err", err)
		}
		systems := map[string]custody.SystemID{}
		for i := range s.o.Systems {
			systems[s.o.Systems[i].Name] = s.o.Systems[i].ID
		}
		if _, err := s.intake.service.Match(ctx, systems, &s.memory, false); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the customers of a complaint could not be looked for", "err", err)
		}
		s.detector.hear()
	}
}

// dueSoon is how long before its date an acknowledgement is asked for once more.
const dueSoon = 7 * 24 * time.Hour

// tellComplaints puts a notice of each new complaint, one when its acknowledgement is
// due soon, and one when it is late. A notice holds the reference and dates, nothing of
// what was said; putting one again does nothing.
func (s *Site) tellComplaints() error {
	open, err := s.o.Store.Complaints(intake.Filter{Open: true})
	if err != nil {
		return err
	}
	now := s.o.Now()
	for i := range open {
		c := &open[i]
		m := notice.Message{Key: "complaint:" + c.Reference, Kind: notice.ComplaintReceived, Subject: "Complaint " + c.Reference + " came by " + string(c.Way),
			Text: "Acknowledge it by " + c.Due.In(zoneOf(s.o.Zone)).Format("2 January 2006") + ":\n\n  custody complaint acknowledge " + c.Reference,
			Path: "/complaints/" + c.Reference, Data: map[string]string{"reference": c.Reference}, Time: c.Received}
		switch {
		case c.Overdue(now):
			m.Key, m.Kind, m.Severity, m.Time = m.Key+":late", notice.ComplaintDue, notice.High, now
			m.Subject = "Complaint " + c.Reference + " is not acknowledged, and the 30 days are over"
		case now.After(c.Due.Add(-dueSoon)):
			m.Key, m.Kind, m.Severity, m.Time = m.Key+":due", notice.ComplaintDue, notice.Medium, now
			m.Subject = "Complaint " + c.Reference + " is to be acknowledged within a week"
		}
		if err := s.Notices.Put(m); err != nil {
			return err
		}
	}
	return nil
}

func zoneOf(z *time.Location) *time.Location {
	if z == nil {
		return time.UTC
	}
	return z
}
