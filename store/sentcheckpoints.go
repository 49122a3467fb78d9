package store

import (
	"database/sql"
	"strconv"
	"time"

	"custody/notice"
)

// SentCheckpoint is a signed checkpoint on its way to one receiver, or there.
type SentCheckpoint struct {
	Delivery uint64 // zero while nobody has taken it up
	Made     time.Time
	Frames   uint64 // that it signs for
	Root     string
	Note     string // the signed note as it was sent
	Channel  string // like mail, webhook-escrow or folder-1
	Address  string // within the channel; empty where it has only one
	State    string // waiting, sent, retried or given up
	Sent     time.Time
	Attempts int
	Why      string // the last failure
}

// CheckpointKey begins the keys of checkpoints among the notices: they sort by size.
const CheckpointKey = "checkpoint-"

// SentCheckpoints lists checkpoints that were sent outside, or are to be, one for each
// receiver, the newest first.
func (s *Store) SentCheckpoints(limit int) ([]SentCheckpoint, error) {
	return list(s.read, scanSentCheckpoint, `SELECT o.put, o.text, coalesce(o.data ->> 'frames', '0'), coalesce(o.data ->> 'root', ''),
		coalesce(d.id, 0), coalesce(d.channel, ''), coalesce(d.address, ''), coalesce(d.attempts, 0), d.sent, d.given_up, coalesce(d.why, '')
		FROM outbox o LEFT JOIN deliveries d ON d.message = o.id
		WHERE o.key > 'checkpoint-' AND o.key < 'checkpoint.' AND o.kind = ? ORDER BY o.key DESC, d.id LIMIT ?`, string(notice.Checkpoint), limit)
}

func scanSentCheckpoint(r *sql.Rows) (c SentCheckpoint, err error) {
	var put int64
	var frames string
	var sent, givenUp sql.NullInt64
	d := notice.Delivery{}
	if err := r.Scan(&put, &c.Note, &frames, &c.Root, &c.Delivery, &c.Channel, &c.Address, &d.Attempts, &sent, &givenUp, &c.Why); err != nil {
		return c, err
	}
	d.Sent, d.GivenUp = moment(sent), moment(givenUp)
	c.Made, c.Sent, c.Attempts, c.State = time.UnixMilli(put).UTC(), d.Sent, d.Attempts, d.State()
	c.Frames, err = strconv.ParseUint(frames, 10, 64)
	return c, err
}
