package notice

import (
	"context"
	"errors"
	"log/slog"
	"net/mail"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"custody"
)

// Receiver is a channel with its name and what it takes.
type Receiver struct {
	Name    string
	Channel Channel
	// Kinds are those that it takes, "person.*" for all of an area; none is all.
	Kinds []string
	Least Severity
	// CustomerKeys writes customers' keys; otherwise a link stands in their place.
	CustomerKeys bool
	// Mail sends to each recipient's address; other channels have one receiver.
	Mail bool
	// Checkpoints makes it one that keeps the ledger's checkpoints and takes nothing
	// else; nobody else takes them. To are its addresses, with Mail.
	Checkpoints bool
	To          []string
}

// takes says whether a notice is for this receiver.
func (r *Receiver) takes(m *Message) bool {
	if r.Checkpoints || m.Kind == Checkpoint {
		return r.Checkpoints && m.Kind == Checkpoint
	}
	if m.Kind == Trial {
		return true
	}
	if m.Severity < r.Least {
		return false
	}
	return len(r.Kinds) == 0 || slices.ContainsFunc(r.Kinds, func(k string) bool {
		ok, err := path.Match(k, string(m.Kind))
		return ok && err == nil
	})
}

// Book finds addresses and keys when a notice is sent.
type Book interface {
	// Addresses gives the mail addresses for recipients; none of them: the
	// deployment's own.
	Addresses(to []Recipient) ([]string, error)
	// Key gives a customer's key; empty if it was erased.
	Key(customer custody.SubjectID) (string, error)
}

// Options are what a Sender needs.
type Options struct {
	Storage   Storage
	Receivers []Receiver
	Book      Book
	Link      string // of the console; empty: notices have no links
	GiveUp    time.Duration
	// Every is how often the outbox is looked at; half a second if zero.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Sender sends what is in the outbox. One runs beside the gate.
type Sender struct {
	o     Options
	mu    sync.Mutex
	stuck map[string]bool // channels that failed at their last attempt
}

// batch is how many notices are taken up at once.
const batch = 50

// sendTime is how long one sending may take.
const sendTime = 30 * time.Second

// NewSender makes a sender.
func NewSender(o Options) *Sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every == 0 {
		o.Every = 500 * time.Millisecond
	}
	if o.GiveUp == 0 {
		o.GiveUp = DefaultGiveUp
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Sender{o: o, stuck: map[string]bool{}}
}

// Run sends until ctx ends. Each receiver has a goroutine of its own, so that one that
// hangs holds up nobody else's notices.
func (s *Sender) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { s.each(ctx, "", s.route) })
	for i := range s.o.Receivers {
		r := &s.o.Receivers[i]
		work.Go(func() { s.each(ctx, r.Name, func(ctx context.Context) (int, error) { return s.send(ctx, r) }) })
	}
	work.Wait()
}

// each does something again and again; at once while there is more to do.
func (s *Sender) each(ctx context.Context, name string, fn func(context.Context) (int, error)) {
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		n, err := fn(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Error("notices cannot be taken from the outbox", "channel", name, "err", errors.Join(err, errors.Unwrap(err)))
		}
		if n == batch && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// route makes the deliveries of new notices. A crash before or after it is the same:
// the deliveries are made in the transaction that marks the notice.
func (s *Sender) route(context.Context) (int, error) {
	list, err := s.o.Storage.Unrouted(batch)
	if err != nil {
		return 0, err
	}
	for _, m := range list {
		deliveries, err := s.deliveries(m)
		if err != nil {
			return 0, err
		}
		if err := s.o.Storage.Route(m.ID, deliveries, s.o.Now()); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func (s *Sender) deliveries(m *Message) (list []Delivery, err error) {
	for i := range s.o.Receivers {
		r := &s.o.Receivers[i]
		if !r.takes(m) {
			continue
		}
		if !r.Mail {
			list = append(list, Delivery{Channel: r.Name})
			continue
		}
		addresses := r.To
		if !r.Checkpoints {
			if addresses, err = s.o.Book.Addresses(m.To); err != nil {
				return nil, err
			}
		}
		for _, a := range addresses {
			if p, err := mail.ParseAddress(a); err == nil && p.Address == a {
				list = append(list, Delivery{Channel: r.Name, Address: a})
			}
		}
	}
	return list, nil
}

// send tries what is due for one receiver.
func (s *Sender) send(ctx context.Context, r *Receiver) (int, error) {
	due, err := s.o.Storage.Due(r.Name, s.o.Now(), batch)
	if err != nil {
		return 0, err
	}
	for i := range due {
		if ctx.Err() != nil {
			return 0, nil
		}
		if err := s.one(ctx, r, &due[i]); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// one tries a delivery and notes how it went. A crash after the receiver has it and
// before that is noted sends it twice; the key tells the receiver.
func (s *Sender) one(ctx context.Context, r *Receiver, d *Delivery) error {
	m, err := s.dressed(r, d.Message)
	if err != nil {
		return err
	}
	try, cancel := context.WithTimeout(ctx, sendTime)
	err = r.Channel.Send(try, m, d.Address)
	cancel()
	if ctx.Err() != nil && err != nil {
		return nil // we are stopping: the attempt says nothing about the receiver
	}
	now := s.o.Now()
	s.tell(r.Name, err)
	if err == nil {
		return s.o.Storage.Delivered(d.ID, now)
	}
	next := now.Add(after(d.Attempts + 1))
	if errors.As(err, new(*Permanent)) || next.Sub(d.Message.Time) > s.o.GiveUp {
		next = time.Time{}
		s.o.Log.Error("a notice was given up", "channel", r.Name, "kind", d.Message.Kind, "delivery", d.ID, "attempts", d.Attempts+1)
	}
	return s.o.Storage.Failed(d.ID, now, next, short(err))
}

// tell logs when a channel begins to fail and when it works again.
func (s *Sender) tell(name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch was := s.stuck[name]; {
	case err != nil && !was:
		s.o.Log.Warn("a channel for notices fails; it is tried again", "channel", name, "err", short(err))
	case err == nil && was:
		s.o.Log.Info("a channel for notices works again", "channel", name)
	}
	s.stuck[name] = err != nil
}

// short is why a sending failed, fit for a list: one line without addresses.
func short(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	words := strings.Fields(text)
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "…"
		}
	}
	text = strings.Join(words, " ")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "")
	}
	return text
}

// dressed is a notice as a receiver may see it: with its link, and with the customers'
// keys only if the receiver may have them.
func (s *Sender) dressed(r *Receiver, m *Message) (*Message, error) {
	c := *m
	if c.Path != "" && s.o.Link != "" {
		c.Path = strings.TrimRight(s.o.Link, "/") + c.Path
	} else {
		c.Path = ""
	}
	if len(m.Customers) == 0 || !r.CustomerKeys || s.o.Book == nil {
		return &c, nil
	}
	var keys []string
	for _, id := range m.Customers {
		key, err := s.o.Book.Key(id)
		if err != nil {
			return nil, err
		}
		if key == "" {
			key = "(erased)"
		}
		keys = append(keys, key)
	}
	c.keys = keys
	return &c, nil
}

// Link is the address of the page about a notice that is being sent; empty if there is
// none.
func (m *Message) Link() string { return m.Path }

// Body is the text of a notice that is being sent, with its customers and its link.
func (m *Message) Body() string {
	text := strings.TrimRight(m.Text, "\n")
	if text == "" {
		text = m.Subject
	}
	if len(m.keys) > 0 {
		text += "\n\nCustomers: " + strings.Join(m.keys, ", ")
	}
	if m.Path != "" {
		text += "\n\n" + m.Path
	}
	return text + "\n"
}
