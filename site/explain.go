package site

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// explainer finds reasons for looks in a system's own data, by the templates of
// custody.yaml. Answers are kept for a while; a question is bounded in size and time,
// and whatever it does not answer the person is asked.
type explainer struct {
	s    *Site
	sys  *System
	turn chan struct{} // one question at a time
	conn *pgx.Conn     // of who has the turn

	mu    sync.Mutex
	known map[explainKey]explained
}

// explainKey is one template asked with one set of facts about one customer.
type explainKey struct {
	template int
	facts    string
	subject  custody.SubjectID
}

type explained struct {
	yes  bool
	till time.Time
}

const (
	// A reason that was found holds for minutes: a job does not go away at once. That
	// there was none is asked again soon: the job may be written just now.
	explainedFor   = 5 * time.Minute
	unexplainedFor = 3 * time.Second
	explainTime    = time.Second
	maxExplain     = 1000    // customers in one question
	maxExplained   = 100_000 // answers that are kept
)

// newExplainer gives nil for a system without templates or database.
func (s *Site) newExplainer(sys *System) *explainer {
	if len(sys.Explanations) == 0 || sys.Upstream == nil {
		return nil
	}
	return &explainer{s: s, sys: sys, turn: make(chan struct{}, 1), known: map[explainKey]explained{}}
}

// Explain implements portal.Explainer.
func (x *explainer) Explain(ctx context.Context, sess *custody.Session, list []custody.SubjectID) map[custody.SubjectID]string {
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	found := map[custody.SubjectID]string{}
	for i := range x.sys.Explanations {
		t := &x.sys.Explanations[i]
		facts, ok := templateFacts(t, sess)
		if !ok {
			continue
		}
		asked := x.remembered(i, facts, list, found)
		if len(asked) == 0 {
			continue
		}
		if err := x.ask(ctx, i, facts, asked, found); err != nil {
			x.s.o.Log.Warn("a reason could not be looked for in the data; the person is asked", "system", x.sys.Name, "template", t.Name, "err", plainCause(err))
		}
	}
	return found
}

// templateFacts gives the facts that a template asks for; not ok if one is not known.
func templateFacts(t *custody.Template, sess *custody.Session) (facts []string, ok bool) {
	for _, name := range t.Facts() {
		fact := sess.PersonFact(name)
		if fact == "" {
			return nil, false
		}
		facts = append(facts, fact)
	}
	return facts, true
}

// remembered puts what is known into found and gives those that must be asked about.
func (x *explainer) remembered(template int, facts []string, list []custody.SubjectID, found map[custody.SubjectID]string) (asked []custody.SubjectID) {
	now, joined := x.s.o.Now(), strings.Join(facts, "\x00")
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range list {
		if found[s] != "" {
			continue
		}
		k, ok := x.known[explainKey{template, joined, s}]
		switch {
		case !ok || !now.Before(k.till):
			if len(asked) < maxExplain {
				asked = append(asked, s)
			}
		case k.yes:
			found[s] = x.words(template)
		}
	}
	return asked
}

// words are the reason as it is recorded.
func (x *explainer) words(template int) string {
	t := &x.sys.Explanations[template]
	return t.Says + " (" + t.Name + ")"
}

// ask asks the guarded database.
func (x *explainer) ask(ctx context.Context, template int, facts []string, asked []custody.SubjectID, found map[custody.SubjectID]string) error {
	keys := make(map[string]custody.SubjectID, len(asked))
	for _, s := range asked {
		sub, err := x.s.o.Store.Subject(s)
		if err != nil {
			return err
		}
		if sub.Key != "" {
			keys[sub.Key] = s
		}
	}
	yes, err := x.query(ctx, &x.sys.Explanations[template], facts, keys)
	if err != nil {
		return err
	}
	now, joined := x.s.o.Now(), strings.Join(facts, "\x00")
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.known) > maxExplained {
		clear(x.known)
	}
	for _, s := range asked {
		x.known[explainKey{template, joined, s}] = explained{till: now.Add(unexplainedFor)}
	}
	for _, key := range yes {
		if s, ok := keys[key]; ok {
			x.known[explainKey{template, joined, s}] = explained{true, now.Add(explainedFor)}
			found[s] = x.words(template)
		}
	}
	return nil
}

// query runs a template's question on the explainer's own connection, read only.
func (x *explainer) query(ctx context.Context, t *custody.Template, facts []string, keys map[string]custody.SubjectID) (yes []string, err error) {
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if x.conn == nil || x.conn.IsClosed() {
		if x.conn, err = pgx.ConnectConfig(ctx, x.sys.Upstream); err != nil {
			return nil, err
		}
	}
	args := []any{pgx.QueryExecModeDescribeExec, arrayLiteral(keys)}
	for _, f := range facts {
		args = append(args, f)
	}
	if t.Since.Table != "" {
		args = append(args, x.s.o.Now().Add(-t.Within).UTC().Format("2006-01-02 15:04:05Z"))
	}
	rows, err := x.conn.Query(ctx, t.SQL(), args...)
	if err == nil {
		yes, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil && ctx.Err() != nil { // the connection may be in the middle of something
		x.conn.Close(context.WithoutCancel(ctx))
	}
	return yes, err
}

// arrayLiteral writes keys as PostgreSQL reads an array of any type.
func arrayLiteral(keys map[string]custody.SubjectID) string {
	var b strings.Builder
	b.WriteByte('{')
	for key := range keys {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for i := range len(key) {
			if key[i] == '"' || key[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(key[i])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// plainCause leaves out a database's words, which may quote a value (P7).
func plainCause(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return "SQLSTATE " + pg.Code
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "it took too long"
	}
	return "the database cannot be reached"
}

// close ends the connection.
func (x *explainer) close() {
	x.turn <- struct{}{}
	if x.conn != nil {
		_ = x.conn.Close(context.Background())
	}
}
