package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/detect"
	"custody/notice"
)

// DeclaredReasons is what the reasons in force explain of first looks, and what was found
// beside them.
type DeclaredReasons struct {
	First  float64 // share of all first looks
	Recent float64 // share of those of the last week
	Before float64 // share of those before it
	// RecentLooks and EarlierLooks are how many these are.
	RecentLooks, EarlierLooks int
	// Beyond is what share of first looks each found path explains that no declared one does.
	Beyond []float64
}

// recently is how far back the last looks go when they are compared with those before.
const recently = 7 * 24 * time.Hour

// declared holds the sample against the reasons in force.
func (m *Miner) declared(ctx context.Context, relation *detect.Relation, mined []detect.Template) (*DeclaredReasons, error) {
	names := make([]string, len(m.Declared))
	for i := range names {
		names[i] = m.Declared[i].Name
	}
	r, column := &reasons{relation: detect.NewRelation(names...), systems: map[custody.SystemID][]reasonPath{}}, 0
	err := r.fill(ctx, m.Conn, m.System, m.Declared, &column, func(_ custody.SystemID, key []byte) (custody.SubjectID, bool) {
		s, ok := m.ids[string(key)]
		return s, ok
	})
	if err != nil {
		return nil, unreadable(err)
	}
	r.relation.Freeze()
	known, d := make([]bool, len(m.pairs)), &DeclaredReasons{}
	since := slices.MaxFunc(m.when, time.Time.Compare).Add(-recently)
	var recent, before int
	for i, p := range m.pairs {
		session := m.people[p.Person]
		known[i] = session != nil && r.explain(m.System, &seat{session: session}, p.Subject, m.when[i])
		n, explained := &d.EarlierLooks, &before
		if m.when[i].After(since) {
			n, explained = &d.RecentLooks, &recent
		}
		if *n++; known[i] {
			*explained++
		}
	}
	d.First = float64(recent+before) / float64(len(m.pairs))
	d.Recent, d.Before = float64(recent)/float64(max(d.RecentLooks, 1)), float64(before)/float64(max(d.EarlierLooks, 1))
	d.Beyond = detect.Beyond(relation, mined, m.pairs, m.words(relation), func(i int) bool { return known[i] })
	return d, nil
}

// What is worth telling: a share of first looks that something explains which nobody
// declared, and a fall of what the declared reasons explain, on so many looks.
const (
	tellBeyond = 0.02
	tellFall   = 0.1
	leastDrift = 100
)

// Drifted puts in words how the reasons in the data have moved away from those that are
// declared; empty where they have not.
func (r *Reasons) Drifted(system string) string {
	d := r.Declared
	if d == nil || r.Coverage.Sample < leastDrift {
		return ""
	}
	var b strings.Builder
	if d.RecentLooks >= leastDrift && d.EarlierLooks >= leastDrift && d.Before-d.Recent >= tellFall {
		fmt.Fprintf(&b, "What custody.yaml declares explains %.1f %% of the first looks of the last week; before that it was %.1f %%.\n", 100*d.Recent, 100*d.Before)
	}
	for i := range r.Templates {
		if d.Beyond[i] >= tellBeyond {
			fmt.Fprintf(&b, "Found and not declared: %s. It explains %.1f %% of first looks that no declared reason does, and %.1f %% of random pairs.\n",
				r.Templates[i].Says, 100*d.Beyond[i], 100*r.Coverage.Templates[i].False)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	fmt.Fprintf(&b, "\nNothing was changed. Look at it with custody alert reasons %s, and put what is true into custody.yaml.\n", system)
	return b.String()
}

// watchReasons looks for reasons in the guarded databases once in a while, and tells when
// they have moved away from those that are declared. It puts nothing in force.
func (s *Site) watchReasons(ctx context.Context) {
	d := s.detector
	if d.o.Off || d.o.Mine <= 0 {
		return
	}
	s.work.Go(func() {
		every(ctx, d.o.Mine, func() {
			for i := range s.o.Systems {
				if err := s.TellDrift(ctx, &s.o.Systems[i]); err != nil && ctx.Err() == nil && custody.CodeOf(err) != custody.CodeNotFound {
					s.o.Log.Warn("reasons could not be looked for", "system", s.o.Systems[i].Name, "err", err)
				}
			}
		})
	})
}

// TellDrift compares a system's reasons with those in its database and puts a notice if
// they differ, at most one a day. A system without declared reasons has none to compare.
func (s *Site) TellDrift(ctx context.Context, sys *System) error {
	at := slices.IndexFunc(sys.Tables, func(t custody.Table) bool { return t.Subject })
	if len(sys.Explanations) == 0 || sys.Upstream == nil || at < 0 {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, sys.Upstream)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	m := &Miner{Store: s.o.Store, Identity: s.Identity, Index: s.Ledger.Index(), Conn: conn, System: sys.ID, Subjects: &sys.Tables[at], Declared: sys.Explanations}
	found, err := m.Mine(ctx)
	if err != nil {
		return err
	}
	text, now := found.Drifted(sys.Name), s.o.Now()
	s.o.Log.Info("reasons were looked for", "system", sys.Name, "looks", found.Coverage.Sample, "declared", found.Declared.First, "found", found.Coverage.First, "drift", text != "")
	if text == "" {
		return nil
	}
	return s.Notices.Put(notice.Message{
		Key: "reasons-" + sys.Name + "-" + now.UTC().Format(time.DateOnly), Kind: notice.ReasonsDrifted, Severity: notice.Low, Subject: "Reasons for looks at " + sys.Name + " have changed",
		Text: text, Data: map[string]string{"system": sys.Name}, System: sys.ID, Time: now,
	})
}
