package site

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/console"
	"custody/gate"
	"custody/signin"
	"custody/store"
)

// Console says how the web console is served.
type Console struct {
	Title  string   // what pages call the deployment; "Custody" if empty
	Public *url.URL // scheme and host as browsers reach it
	TLS    bool     // the listener speaks TLS with the site's certificate
	// Verifier checks checkpoints; without it the console cannot check the ledger.
	Verifier note.Verifier
}

// desk is the console with its door.
type desk struct {
	console *console.Console
	door    *signin.Door
	server  *console.Server
	tokens  *consoleTokens
}

// openConsole makes the console, if there is to be one.
func (s *Site) openConsole() (err error) {
	o := s.o.Console
	if o == nil {
		return nil
	}
	d := &desk{tokens: &consoleTokens{s: s, live: map[tokenPlace]*tokenSession{}}}
	d.door, err = s.newDoor(signin.Options{
		Identity: s.Identity, System: console.SystemName, Title: "Custody", Public: o.Public, Zone: s.o.Zone, Now: s.o.Now, Log: s.o.Log,
		Ended: func(sess *custody.Session) { go d.console.End(sess) },
	})
	if err != nil {
		return err
	}
	d.console, err = console.New(console.Options{
		Parts: s.consoleParts(d), Door: d.door, Title: o.Title, Public: o.Public, Zone: s.o.Zone, Now: s.o.Now, Log: s.o.Log,
	})
	if err != nil {
		return err
	}
	var config *tls.Config
	if o.TLS {
		config = s.o.TLS
	}
	d.server = console.NewServer(d.console, config, s.o.Log)
	s.desk = d
	return nil
}

// ServeConsole accepts browsers and programs until the listener is closed.
func (s *Site) ServeConsole(l net.Listener) error {
	if s.desk == nil {
		return custody.E(custody.CodeNotFound, "this site has no console", "declare it in custody.yaml, under console")
	}
	return s.desk.server.Serve(l)
}

func (s *Site) closeConsole() {
	if s.desk != nil {
		s.desk.console.Close()
		s.desk.tokens.close()
		s.desk.server.Close()
		s.desk.door.Close()
	}
}

func (s *Site) watchConsole(ctx context.Context) {
	if s.desk != nil {
		s.work.Go(func() { s.desk.door.Run(ctx) })
		s.work.Go(func() { s.desk.console.Run(ctx) })
	}
}

func (s *Site) consoleParts(d *desk) console.Parts {
	return console.Parts{
		People: consolePeople{s}, Staff: consoleStaff{s}, Sessions: consoleSessions{s}, Looks: consoleLooks{s.Ledger.Index()},
		Customers: consoleCustomers{s}, Reasons: consoleReasons{s.o.Store}, Gate: consoleGate{s}, Ledger: consoleLedger{s},
		Systems: consoleSystems{s}, Switch: consoleSystems{s}, Rights: consoleRights{s}, Roles: consoleRoles{s}, Requests: consoleRequests{s}, Tokens: d.tokens, Reviews: consoleReviews{s}, Alerts: consoleAlerts{s}, Complaints: consoleComplaints{s}, Register: consoleRegister{s},
		Managers: consoleManagers{s}, Notices: consoleNotices{s}, Canaries: consoleCanaries{s},
	}
}

// consoleGate lets sessions of the console in at the gate.
type consoleGate struct{ s *Site }

// Enter implements console.Gate.
func (g consoleGate) Enter(sess *custody.Session, onCut func(custody.Code)) (console.Guest, error) {
	live, err := g.s.Gate.Enter(sess, onCut)
	if err != nil {
		return nil, err
	}
	return &consoleGuest{s: g.s, live: live}, nil
}

// Standing implements console.Gate. Limits are those of the grants: one that an alert has
// lowered would say who is under review.
func (g consoleGate) Standing() (list []console.Standing) {
	now, own := g.s.o.Now(), g.s.Policy()
	restraints, err := g.s.o.Store.Restraints(now)
	for _, s := range g.s.Gate.Standing() {
		if err != nil || slices.ContainsFunc(restraints, func(r store.Restraint) bool { return r.Person == s.Session.Person }) {
			s.Limits = own.Decide(custody.Question{Session: s.Session, Action: custody.See, Time: now, Reason: "shown on a page", Hour: s.Hour, Day: s.Day}).Limits
		}
		list = append(list, console.Standing{Session: s.Session, Hour: s.Hour, Day: s.Day, Limits: s.Limits})
	}
	return list
}

// consoleGuest is a session of the console at the gate. Looks in a system are made by a
// view of the session that stands in that system, so that they are found, and counted,
// where looks through any other entrance are.
type consoleGuest struct {
	s    *Site
	live *gate.Session
}

// Look implements console.Guest.
func (g *consoleGuest) Look(system custody.SystemID, subjects []custody.SubjectID, shown custody.CategorySet, reason string) error {
	in := *g.live.Signed()
	in.System, in.SystemName = system, g.s.systemName(system)
	view := g.live.Beside()
	view.ActFor(&in)
	if err := view.SetReason(reason); err != nil {
		return err
	}
	// The console's own roles permit the look; policy is asked for no category of the
	// system, and for the limits that bind this person there.
	ruling, err := view.Decide(gate.Need{}, 0)
	if err != nil {
		return err
	}
	answer := view.Begin(custody.RouteConsole, 0)
	group := answer.Group(ruling, shown)
	for _, subject := range subjects {
		if err := answer.Add(group, subject); err != nil {
			return err
		}
	}
	return answer.Commit()
}

// Refuse implements console.Guest.
func (g *consoleGuest) Refuse(code custody.Code) { g.live.Refuse(code, 0) }

// Leave implements console.Guest.
func (g *consoleGuest) Leave() { g.live.Leave() }

func (s *Site) systemName(id custody.SystemID) string {
	for i := range s.o.Systems {
		if s.o.Systems[i].ID == id {
			return s.o.Systems[i].Name
		}
	}
	return ""
}
