package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"custody"
	"custody/notice"
)

// PutNotice keeps a notice and sets its number; false if its key was there already.
func (s *Store) PutNotice(m *notice.Message) (put bool, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		put, err = putNotice(t, m)
		return err
	})
	return put, err
}

// putNotice keeps a notice in the transaction of what it tells. m must be prepared.
func putNotice(t *sql.Tx, m *notice.Message) (put bool, err error) {
	to, err := json.Marshal(m.To)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(m.Data)
	if err != nil {
		return false, err
	}
	customers, err := json.Marshal(m.Customers)
	if err != nil {
		return false, err
	}
	err = t.QueryRow(`INSERT INTO outbox (key, kind, severity, recipients, subject, text, path, data, system, customers, put)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id`,
		m.Key, m.Kind, m.Severity, string(to), m.Subject, m.Text, m.Path, string(data), some(m.System), string(customers), m.Time.UnixMilli()).Scan(&m.ID)
	if err == sql.ErrNoRows {
		return false, nil
	}
	return err == nil, err
}

const messageColumns = "o.id, o.key, o.kind, o.severity, o.recipients, o.subject, o.text, o.path, o.data, coalesce(o.system, 0), o.customers, o.put"

// messageScan gives where to scan messageColumns to, and what to call afterwards.
func messageScan(m *notice.Message) (into []any, finish func() error) {
	var to, data, customers string
	var put sql.NullInt64
	return []any{&m.ID, &m.Key, &m.Kind, &m.Severity, &to, &m.Subject, &m.Text, &m.Path, &data, &m.System, &customers, &put}, func() error {
		m.Time = moment(put)
		if err := json.Unmarshal([]byte(to), &m.To); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), &m.Data); err != nil {
			return err
		}
		return json.Unmarshal([]byte(customers), &m.Customers)
	}
}

func scanMessage(r *sql.Rows) (*notice.Message, error) {
	m := &notice.Message{}
	into, finish := messageScan(m)
	if err := r.Scan(into...); err != nil {
		return nil, err
	}
	return m, finish()
}

// Unrouted implements notice.Storage.
func (s *Store) Unrouted(limit int) ([]*notice.Message, error) {
	return list(s.read, scanMessage, "SELECT "+messageColumns+" FROM outbox o WHERE o.routed IS NULL ORDER BY o.id LIMIT ?", limit)
}

// Route implements notice.Storage. A notice that was routed already stays as it is.
func (s *Store) Route(message uint64, deliveries []notice.Delivery, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE outbox SET routed = ? WHERE id = ? AND routed IS NULL", at.UnixMilli(), int64(message))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		for _, d := range deliveries {
			if _, err := t.Exec("INSERT INTO deliveries (message, channel, address, next) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				int64(message), d.Channel, d.Address, at.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

const deliveryColumns = "SELECT d.id, d.channel, d.address, d.attempts, d.next, d.sent, d.given_up, d.why, " + messageColumns +
	" FROM deliveries d JOIN outbox o ON o.id = d.message "

func scanDelivery(r *sql.Rows) (d notice.Delivery, err error) {
	var next, sent, givenUp sql.NullInt64
	d.Message = &notice.Message{}
	into, finish := messageScan(d.Message)
	if err := r.Scan(append([]any{&d.ID, &d.Channel, &d.Address, &d.Attempts, &next, &sent, &givenUp, &d.Why}, into...)...); err != nil {
		return d, err
	}
	d.Next, d.Sent, d.GivenUp = moment(next), moment(sent), moment(givenUp)
	return d, finish()
}

// Due implements notice.Storage.
func (s *Store) Due(channel string, now time.Time, limit int) ([]notice.Delivery, error) {
	return list(s.read, scanDelivery, deliveryColumns+"WHERE d.channel = ? AND d.next <= ? ORDER BY d.next, d.id LIMIT ?", channel, now.UnixMilli(), limit)
}

// Delivered implements notice.Storage.
func (s *Store) Delivered(id uint64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE deliveries SET sent = ?, given_up = NULL, next = NULL, attempts = attempts + 1, why = '' WHERE id = ? AND sent IS NULL", at.UnixMilli(), int64(id))
		return err
	})
}

// Failed implements notice.Storage.
func (s *Store) Failed(id uint64, at, next time.Time, why string) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		var givenUp any
		if next.IsZero() {
			givenUp = at.UnixMilli()
		}
		_, err := t.Exec("UPDATE deliveries SET attempts = attempts + 1, next = ?, given_up = ?, why = ? WHERE id = ? AND sent IS NULL",
			millis(next), givenUp, why, int64(id))
		return err
	})
}

// NoticeState counts the notices and deliveries in each state.
type NoticeState struct {
	Unrouted int // put, and no running gate has taken them up
	Waiting  int // deliveries that were not tried, or are to be tried again
	Failing  int // of those: failed at least once
	GivenUp  int
	Sent     int
	Oldest   time.Time // of what is unrouted or waiting; zero if nothing is
}

// NoticeState says how far the sending of notices has come.
func (s *Store) NoticeState() (n NoticeState, err error) {
	var oldest sql.NullInt64
	err = s.read.QueryRow(`SELECT (SELECT count(*) FROM outbox WHERE routed IS NULL),
		count(*) FILTER (WHERE next IS NOT NULL), count(*) FILTER (WHERE next IS NOT NULL AND attempts > 0),
		count(*) FILTER (WHERE given_up IS NOT NULL), count(*) FILTER (WHERE sent IS NOT NULL),
		(SELECT min(put) FROM outbox WHERE routed IS NULL OR id IN (SELECT message FROM deliveries WHERE next IS NOT NULL))
		FROM deliveries`).Scan(&n.Unrouted, &n.Waiting, &n.Failing, &n.GivenUp, &n.Sent, &oldest)
	n.Oldest = moment(oldest)
	return n, fault(err)
}

// Deliveries lists the newest deliveries; only those that failed and were not mended,
// if wanted.
func (s *Store) Deliveries(failed bool, limit int) ([]notice.Delivery, error) {
	where := ""
	if failed {
		where = "WHERE d.given_up IS NOT NULL OR d.next IS NOT NULL AND d.attempts > 0 "
	}
	return list(s.read, scanDelivery, deliveryColumns+where+"ORDER BY d.id DESC LIMIT ?", limit)
}

// OutboxNotices lists the newest notices whatever became of them.
func (s *Store) OutboxNotices(limit int) ([]*notice.Message, error) {
	return list(s.read, scanMessage, "SELECT "+messageColumns+" FROM outbox o ORDER BY o.id DESC LIMIT ?", limit)
}

// RetryDelivery makes a delivery due that was given up or waits for its next attempt;
// zero: all that were given up. It gives how many there are.
func (s *Store) RetryDelivery(id uint64, at time.Time) (n int, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		where, arg := "id = ? AND sent IS NULL", any(int64(id))
		if id == 0 {
			where, arg = "given_up IS NOT NULL AND given_up <= ?", at.UnixMilli()
		}
		r, err := t.Exec("UPDATE deliveries SET next = ?, given_up = NULL WHERE "+where, at.UnixMilli(), arg)
		if err != nil {
			return err
		}
		count, err := r.RowsAffected()
		if n = int(count); err == nil && n == 0 && id != 0 {
			return custody.E(custody.CodeNotFound, "no delivery with this number is open", "custody notice list --failed shows them")
		}
		return err
	})
	return n, err
}
