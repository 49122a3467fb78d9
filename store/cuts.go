package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"custody"
	"custody/identity"
	"custody/notice"
)

// SettleDue implements identity.People.
func (s *Store) SettleDue(now time.Time) (cuts []identity.Cut, err error) {
	people, err := list(s.read, scanNumber[custody.PersonID],
		"SELECT DISTINCT person FROM engagements WHERE end <= ? AND settled IS NULL ORDER BY person", now.UnixMilli())
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		err := s.tx(context.Background(), func(t *sql.Tx) error {
			cut, err := settlePerson(t, p, now)
			if cut != nil {
				cuts = append(cuts, *cut)
			}
			return err
		})
		if err != nil {
			return cuts, err
		}
	}
	return cuts, nil
}

// settlePerson takes away what hung on a person's engagements that have ended and were
// not settled. It gives what that was; nil if nothing had ended, or only roles had.
func settlePerson(t *sql.Tx, person custody.PersonID, now time.Time) (*identity.Cut, error) {
	ended, err := engagementsOf(t, "WHERE e.person = ? AND e.end <= ? AND e.settled IS NULL ORDER BY e.end", person, now.UnixMilli())
	if err != nil || len(ended) == 0 {
		return nil, err
	}
	current, err := engagementsOf(t, "WHERE e.person = ?1 AND e.start <= ?2 AND (e.end IS NULL OR e.end > ?2)", person, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	if _, err := t.Exec("UPDATE engagements SET settled = ?1 WHERE person = ?2 AND end <= ?1 AND settled IS NULL", now.UnixMilli(), person); err != nil {
		return nil, err
	}
	var cut *identity.Cut
	for i := range ended {
		if goesOn(&ended[i], current) || ended[i].End.Equal(ended[i].Start) {
			continue
		}
		c, err := settleEnded(t, &ended[i], current, now)
		if err != nil {
			return nil, err
		}
		if cut != nil {
			c.add(cut)
		}
		cut = &c.Cut
	}
	if cut == nil {
		return nil, nil
	}
	return cut, recordCut(t, cut)
}

// goesOn says whether the person still works for the organisation of an engagement.
func goesOn(e *identity.Engagement, current []identity.Engagement) bool {
	for i := range current {
		if current[i].Organisation == e.Organisation {
			return true
		}
	}
	return false
}

// cutting collects what is taken away.
type cutting struct{ identity.Cut }

func (c *cutting) add(o *identity.Cut) {
	c.Sessions += o.Sessions
	c.Tokens += o.Tokens
	c.Certificates += o.Certificates
	c.Browsers += o.Browsers
	c.Passkeys += o.Passkeys
	c.Passwords += o.Passwords
	c.Accounts += o.Accounts
	c.Enrolments += o.Enrolments
	c.Grants += o.Grants
	c.Duties += o.Duties
}

// settleEnded takes away what hung on one engagement. Its credentials always go. The
// ways to sign in are the person's: they stay only if the person worked for somebody
// else before it ended and still does, and what the new employer's administrator gave
// after it ended stays too.
func settleEnded(t *sql.Tx, e *identity.Engagement, current []identity.Engagement, now time.Time) (*cutting, error) {
	c := &cutting{identity.Cut{Person: e.Person, Organisation: e.OrgName, Kind: identity.CutLeft, At: e.End, Done: now}}
	before, err := prepared(t, e.Person, now)
	if err != nil {
		return nil, err
	}
	beside := false
	for i := range current {
		if current[i].Start.Before(e.End) {
			beside = true
		} else {
			c.Kind, before = identity.CutMoved, e.End
		}
	}
	if err := c.credentials(t, e.Organisation, now); err != nil {
		return nil, err
	}
	if beside {
		return c, c.duties(t, e.Organisation, before, now)
	}
	if err := c.duties(t, 0, before, now); err != nil {
		return nil, err
	}
	return c, c.person(t, before, now)
}

// prepared is the moment up to which what was given to somebody who works for nobody
// goes: now, if they are to begin again, for what begins later may be meant for that;
// else none is left, whenever it would have begun.
func prepared(t *sql.Tx, person custody.PersonID, now time.Time) (time.Time, error) {
	var again bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM engagements WHERE person = ?1 AND start > ?2 AND (end IS NULL OR end > start))", person, now.UnixMilli()).Scan(&again)
	if again || err != nil {
		return now, err
	}
	return now.AddDate(1000, 0, 0), nil
}

// settleLeft takes away whatever a person who works for nobody still has.
func settleLeft(t *sql.Tx, person custody.PersonID, org custody.OrganisationID, at, now time.Time) (*identity.Cut, error) {
	var current int
	if err := t.QueryRow("SELECT count(*) FROM engagements WHERE person = ?1 AND start <= ?2 AND (end IS NULL OR end > ?2)", person, now.UnixMilli()).Scan(&current); err != nil || current > 0 {
		return nil, err
	}
	c := &cutting{identity.Cut{Person: person, Kind: identity.CutLeft, At: at, Done: now}}
	if err := c.credentials(t, org, now); err != nil {
		return nil, err
	}
	before, err := prepared(t, person, now)
	if err != nil {
		return nil, err
	}
	if err := c.duties(t, 0, before, now); err != nil {
		return nil, err
	}
	if err := c.person(t, before, now); err != nil {
		return nil, err
	}
	if c.Tokens+c.Certificates+c.Browsers == 0 {
		c.Sessions = 0 // they were cut before, and are about to end
	}
	if c.Total() == 0 {
		return nil, nil
	}
	return &c.Cut, recordCut(t, &c.Cut)
}

// credentials revokes those for an organisation, or all with zero, and counts the
// sessions that end with them.
func (c *cutting) credentials(t *sql.Tx, org custody.OrganisationID, now time.Time) error {
	var sessions int
	if err := t.QueryRow("SELECT count(*) FROM sessions WHERE person = ?1 AND ended IS NULL AND (?2 = 0 OR organisation = ?2)", c.Person, org).Scan(&sessions); err != nil {
		return err
	}
	c.Sessions += sessions
	rows, err := t.Query(`UPDATE credentials SET revoked = ?1 WHERE person = ?2 AND revoked IS NULL AND (?3 = 0 OR organisation = ?3) RETURNING kind, expires > ?1`,
		now.UnixMilli(), c.Person, org)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var live bool
		if err := rows.Scan(&kind, &live); err != nil {
			return err
		}
		if !live {
			continue
		}
		switch kind {
		case identity.KindToken:
			c.Tokens++
		case identity.KindCertificate:
			c.Certificates++
		case identity.KindBrowser:
			c.Browsers++
		}
	}
	return rows.Err()
}

// duties ends what a person manages and may do in the console that was given before a
// moment: of one organisation, or all with zero. Whoever comes back, or moved, is
// appointed anew.
func (c *cutting) duties(t *sql.Tx, org custody.OrganisationID, before, now time.Time) error {
	ended, err := list(t, func(r *sql.Rows) (e RightsEntry, err error) { return e, r.Scan(&e.Object, &e.Organisation, &e.Branch) },
		`UPDATE managers SET ended = max(given, ?1) WHERE person = ?2 AND ended IS NULL AND given <= ?3 AND (?4 = 0 OR organisation = ?4)
		RETURNING id, organisation, branch`, now.UnixMilli(), c.Person, before.UnixMilli(), org)
	if err != nil {
		return err
	}
	for _, e := range ended {
		e.Time, e.Act, e.Changes, e.Person, e.Note = now, ActManagerEnded, Takes, c.Person, c.Kind
		if err := logRight(t, e); err != nil {
			return err
		}
	}
	r, err := t.Exec(`UPDATE console_roles SET end = max(start, ?1) WHERE person = ?2 AND (end IS NULL OR end > ?1) AND start <= ?3 AND (?4 = 0 OR organisation = ?4)`,
		now.UnixMilli(), c.Person, before.UnixMilli(), org)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	c.Duties += len(ended) + int(n)
	return err
}

// person takes the ways to sign in away that were set up before a moment, the codes to
// set them up, and the grants to the person alone.
func (c *cutting) person(t *sql.Tx, before, now time.Time) error {
	b, n := before.UnixMilli(), now.UnixMilli()
	for _, q := range []struct {
		count *int
		query string
		args  []any
	}{
		{&c.Enrolments, "UPDATE enrolments SET expires = min(expires, ?1) WHERE person = ?2 AND used IS NULL AND expires > ?1 AND made <= ?3", []any{n, c.Person, b}},
		{&c.Passkeys, "UPDATE passkeys SET removed = ?1 WHERE person = ?2 AND removed IS NULL AND added <= ?3", []any{n, c.Person, b}},
		{&c.Accounts, "UPDATE oidc_links SET removed = ?1 WHERE person = ?2 AND removed IS NULL AND coalesce(used, added) <= ?3", []any{n, c.Person, b}},
		{new(int), "DELETE FROM recovery_codes WHERE person = ?1 AND made <= ?2", []any{c.Person, b}},
		{&c.Passwords, "DELETE FROM passwords WHERE person = ?1 AND changed <= ?2", []any{c.Person, b}},
		{&c.Grants, "UPDATE grants SET end = max(start, ?1) WHERE person = ?2 AND start <= ?3 AND (end IS NULL OR end > ?1)", []any{n, c.Person, b}},
	} {
		r, err := t.Exec(q.query, q.args...)
		if err != nil {
			return err
		}
		count, err := r.RowsAffected()
		if err != nil {
			return err
		}
		*q.count += int(count)
	}
	return hold(t, c.Person, c.Kind, now)
}

// hold keeps an address that a provider vouches for from opening a login. After a move
// that is for good, until an administrator links the account: the old employer's
// provider may still vouch for the old address.
func hold(t *sql.Tx, person custody.PersonID, kind string, now time.Time) error {
	if kind == identity.CutLeft {
		return nil // nobody signs in who is not engaged, and a return is a decision
	}
	_, err := t.Exec("INSERT INTO holds (person, kind, since) VALUES (?, ?, ?) ON CONFLICT (person) DO UPDATE SET kind = CASE WHEN kind = 'moved' THEN kind ELSE excluded.kind END, since = excluded.since",
		person, kind, now.UnixMilli())
	return err
}

// Unhold implements identity.People.
func (s *Store) Unhold(person custody.PersonID) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("DELETE FROM holds WHERE person = ?", person)
		return err
	})
}

// Lock implements identity.People. The person's grants stay: they are still engaged.
func (s *Store) Lock(person custody.PersonID, kind string, at time.Time) (*identity.Cut, error) {
	c := &cutting{identity.Cut{Person: person, Kind: kind, At: at, Done: at}}
	err := s.tx(context.Background(), func(t *sql.Tx) error {
		if err := c.credentials(t, 0, at); err != nil {
			return err
		}
		if err := c.lock(t, at); err != nil {
			return err
		}
		return recordCut(t, &c.Cut)
	})
	return &c.Cut, err
}

// lock counts and ends the ways to sign in.
func (c *cutting) lock(t *sql.Tx, at time.Time) error {
	err := t.QueryRow(`SELECT (SELECT count(*) FROM enrolments WHERE person = ?1 AND used IS NULL AND expires > ?2),
		(SELECT count(*) FROM passkeys WHERE person = ?1 AND removed IS NULL), (SELECT count(*) FROM oidc_links WHERE person = ?1 AND removed IS NULL),
		(SELECT count(*) FROM passwords WHERE person = ?1)`, c.Person, at.UnixMilli()).Scan(&c.Enrolments, &c.Passkeys, &c.Accounts, &c.Passwords)
	if err != nil {
		return err
	}
	if err := endFactors(t, c.Person, at); err != nil {
		return err
	}
	return hold(t, c.Person, c.Kind, at)
}

// recordCut keeps what was cut and puts the notice about it.
func recordCut(t *sql.Tx, c *identity.Cut) error {
	var org any
	var orgID custody.OrganisationID
	if c.Organisation != "" {
		if err := t.QueryRow("SELECT id FROM organisations WHERE name = ?", c.Organisation).Scan(&orgID); err != nil {
			return err
		}
		org = orgID
	}
	var id int64
	err := t.QueryRow(`INSERT INTO cuts (person, organisation, kind, at, done, sessions, tokens, certificates, browsers, passkeys, passwords, accounts, enrolments, grants, duties)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, c.Person, org, c.Kind, c.At.UnixMilli(), c.Done.UnixMilli(), c.Sessions, c.Tokens, c.Certificates,
		c.Browsers, c.Passkeys, c.Passwords, c.Accounts, c.Enrolments, c.Grants, c.Duties).Scan(&id)
	if err != nil {
		return err
	}
	if err := t.QueryRow("SELECT login, full_name FROM people WHERE id = ?", c.Person).Scan(&c.Login, &c.FullName); err != nil {
		return err
	}
	if err := logRight(t, RightsEntry{Time: c.Done, Act: c.Kind, Changes: Takes, Person: c.Person, Organisation: orgID, Object: id, Note: c.String()}); err != nil {
		return err
	}
	return tellCut(t, c, id, orgID)
}

var cutNotices = map[string]struct {
	kind     notice.Kind
	severity notice.Severity
	subject  string
	text     string
}{
	identity.CutLeft:        {notice.PersonLeft, notice.Info, "A person has left", "has left."},
	identity.CutMoved:       {notice.PersonMoved, notice.Info, "A person has moved to another organisation", "has moved to another organisation: the old rights have ended."},
	identity.CutCompromised: {notice.PersonCompromised, notice.High, "A login was compromised and is locked", "was locked because the login may be known to somebody else. They sign in again after enrolling anew."},
	identity.CutDormant:     {notice.PersonDormant, notice.Low, "A login that was not used has expired", "has not signed in for long: the login has expired. They sign in again after enrolling anew."},
}

func tellCut(t *sql.Tx, c *identity.Cut, id int64, org custody.OrganisationID) error {
	about := cutNotices[c.Kind]
	where := ""
	if c.Organisation != "" {
		where = " of " + c.Organisation
	}
	m := &notice.Message{
		Key: "cut-" + strconv.FormatInt(id, 10), Kind: about.kind, Severity: about.severity, Subject: about.subject,
		Text: fmt.Sprintf("%s (%s)%s %s\nEnded: %s.\n", c.FullName, c.Login, where, about.text, c),
		Path: "/people/" + strconv.FormatUint(uint64(c.Person), 10),
		Data: map[string]string{"person": strconv.FormatUint(uint64(c.Person), 10), "cut": strconv.FormatInt(id, 10), "sessions": strconv.Itoa(c.Sessions)},
	}
	if org != 0 {
		m.To = []notice.Recipient{{Organisation: org}}
	}
	if err := notice.Prepare(m, c.Done); err != nil {
		return err
	}
	_, err := putNotice(t, m)
	return err
}

// Cuts implements identity.People.
func (s *Store) Cuts(person custody.PersonID) ([]identity.Cut, error) {
	return list(s.read, func(r *sql.Rows) (c identity.Cut, err error) {
		var at, done sql.NullInt64
		err = r.Scan(&c.Person, &c.Login, &c.FullName, &c.Organisation, &c.Kind, &at, &done, &c.Sessions, &c.Tokens, &c.Certificates, &c.Browsers,
			&c.Passkeys, &c.Passwords, &c.Accounts, &c.Enrolments, &c.Grants, &c.Duties)
		c.At, c.Done = moment(at), moment(done)
		return c, err
	}, `SELECT c.person, p.login, p.full_name, coalesce(o.name, ''), c.kind, c.at, c.done, c.sessions, c.tokens, c.certificates, c.browsers,
		c.passkeys, c.passwords, c.accounts, c.enrolments, c.grants, c.duties
		FROM cuts c JOIN people p ON p.id = c.person LEFT JOIN organisations o ON o.id = c.organisation WHERE ?1 = 0 OR c.person = ?1 ORDER BY c.id DESC`, person)
}

// Dormant implements identity.People: who is engaged since before the moment, has a way
// to sign in, and did not use it since, whatever it is. Who has just been given a way
// is not dormant.
func (s *Store) Dormant(before, now time.Time) ([]custody.PersonID, error) {
	return list(s.read, scanNumber[custody.PersonID], `SELECT p.id FROM people p WHERE p.added < ?1
		AND EXISTS (SELECT 1 FROM engagements e WHERE e.person = p.id AND e.start < ?1 AND (e.end IS NULL OR e.end > ?2))
		AND (EXISTS (SELECT 1 FROM credentials c WHERE c.person = p.id AND c.revoked IS NULL AND c.expires > ?2)
			OR EXISTS (SELECT 1 FROM passkeys k WHERE k.person = p.id AND k.removed IS NULL)
			OR EXISTS (SELECT 1 FROM passwords w WHERE w.person = p.id)
			OR EXISTS (SELECT 1 FROM oidc_links l WHERE l.person = p.id AND l.removed IS NULL))
		AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.person = p.id AND (x.started >= ?1 OR x.ended IS NULL OR x.ended >= ?1))
		AND NOT EXISTS (SELECT 1 FROM credentials c WHERE c.person = p.id AND c.issued >= ?1)
		AND NOT EXISTS (SELECT 1 FROM browsers b WHERE b.person = p.id AND b.seen >= ?1)
		AND NOT EXISTS (SELECT 1 FROM passkeys k WHERE k.person = p.id AND (k.added >= ?1 OR k.used >= ?1))
		AND NOT EXISTS (SELECT 1 FROM passwords w WHERE w.person = p.id AND w.changed >= ?1)
		AND NOT EXISTS (SELECT 1 FROM oidc_links l WHERE l.person = p.id AND (l.added >= ?1 OR l.used >= ?1))
		AND NOT EXISTS (SELECT 1 FROM enrolments n WHERE n.person = p.id AND n.made >= ?1)
		ORDER BY p.id`, before.UnixMilli(), now.UnixMilli())
}
