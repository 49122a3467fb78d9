package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"custody"
	"custody/notice"
)

// Notices says who hears of what happens.
type Notices struct {
	Link          string
	To            []string            // the deployment's own recipients
	Organisations map[string][]string // by name
	GiveUp        time.Duration
	Receivers     []notice.Receiver
	// CheckpointsEvery is how often signed checkpoints are sent to those receivers that
	// keep them; never if zero.
	CheckpointsEvery time.Duration
}

// sendNotices sends what is in the outbox until ctx ends.
func (s *Site) sendNotices(ctx context.Context) {
	n := &s.o.Notices
	notice.NewSender(notice.Options{Storage: s.o.Store, Receivers: n.Receivers, Book: book{s}, Link: n.Link, GiveUp: n.GiveUp, Now: s.o.Now, Log: s.o.Log}).Run(ctx)
}

// tellLedgerUnwell puts a notice when the ledger stops taking events, once for each
// reason and day: nothing is released then, and somebody should know why.
func (s *Site) tellLedgerUnwell(ctx context.Context) {
	every(ctx, 5*time.Second, func() {
		err := s.Ledger.Health()
		if err == nil {
			return
		}
		day := s.o.Now().UTC().Format("20060102")
		sum := sha256.Sum256([]byte(err.Error()))
		_ = s.Notices.Put(notice.Message{Key: "ledger-" + day + "-" + hex.EncodeToString(sum[:4]), Kind: notice.LedgerUnwell, Severity: notice.Critical,
			Subject: "The ledger is not well", Text: err.Error() + "\n" + custody.HintOf(err) + "\nWhat cannot be recorded is not released.", Path: "/ledger"})
	})
}

// book finds addresses and keys.
type book struct{ s *Site }

// Addresses implements notice.Book. A person who is not engaged any more hears nothing.
func (b book) Addresses(to []notice.Recipient) ([]string, error) {
	var list []string
	people, err := b.s.Identity.People()
	if err != nil {
		return nil, err
	}
	now := b.s.o.Now()
	for _, r := range to {
		if r.Organisation != 0 && r.Role == "" {
			named, err := b.organisation(r.Organisation)
			if err != nil {
				return nil, err
			}
			list = append(list, named...)
			continue
		}
		for i := range people {
			for _, e := range people[i].Engagements {
				if e.Current(now) && (r.Person == people[i].ID || r.Role != "" && slices.Contains(e.Roles, r.Role) && (r.Organisation == 0 || r.Organisation == e.Organisation)) {
					list = append(list, people[i].Login)
				}
			}
		}
	}
	if len(to) == 0 || len(list) == 0 {
		list = append(list, b.s.o.Notices.To...) // nobody else would hear
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// organisation gives the recipients that are named for an employer.
func (b book) organisation(id custody.OrganisationID) ([]string, error) {
	all, err := b.s.Identity.Organisations()
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.ID == id {
			return b.s.o.Notices.Organisations[o.Name], nil
		}
	}
	return nil, nil
}

// Key implements notice.Book.
func (b book) Key(customer custody.SubjectID) (string, error) {
	sub, err := b.s.o.Store.Subject(customer)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return sub.Key, nil
}
