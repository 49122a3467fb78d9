package notice

import (
	"context"
	"math/rand/v2"
	"time"
)

// Delivery is the sending of one notice to one receiver.
type Delivery struct {
	ID       uint64
	Message  *Message
	Channel  string
	Address  string // within the channel; empty where it has only one
	Attempts int    // so far
	Next     time.Time
	Sent     time.Time // zero while it was not received
	GivenUp  time.Time // zero while it is tried
	Why      string    // the last failure, without personal data
}

// State says in a word where a delivery stands.
func (d *Delivery) State() string {
	switch {
	case !d.Sent.IsZero():
		return "sent"
	case !d.GivenUp.IsZero():
		return "given up"
	case d.Attempts > 0:
		return "retried"
	}
	return "waiting"
}

// Storage is the outbox as the sender needs it. Each method is one transaction and is
// durable when it returns nil.
type Storage interface {
	Putter
	// Unrouted gives the oldest notices for which no deliveries were made yet.
	Unrouted(limit int) ([]*Message, error)
	// Route makes the deliveries of a notice, once.
	Route(message uint64, list []Delivery, at time.Time) error
	// Due gives what a channel is to send now, the longest due first.
	Due(channel string, now time.Time, limit int) ([]Delivery, error)
	// Delivered notes that a receiver has it.
	Delivered(id uint64, at time.Time) error
	// Failed notes a failure and when to try again; with a zero next it is given up.
	Failed(id uint64, at, next time.Time, why string) error
}

// Channel is a way to receivers.
type Channel interface {
	// Send returns nil when the receiver has the notice. Sending twice is allowed.
	Send(ctx context.Context, m *Message, address string) error
}

// Permanent is a failure that trying again cannot mend.
type Permanent struct{ Err error }

// Error gives the cause's text.
func (p *Permanent) Error() string { return p.Err.Error() }

// Unwrap gives the cause.
func (p *Permanent) Unwrap() error { return p.Err }

// backoff is how long to wait after so many failures, before the spread.
var backoff = [...]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour}

// DefaultGiveUp is how long a notice is tried when nobody says otherwise.
const DefaultGiveUp = 3 * 24 * time.Hour

// after gives the wait before the next attempt, spread by a fifth either way, so that
// what failed together does not come back together.
func after(attempts int) time.Duration {
	d := backoff[min(max(attempts, 1), len(backoff))-1]
	return d - d/5 + rand.N(2*d/5)
}
