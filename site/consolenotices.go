package site

import (
	"custody"
	"custody/console"
	"custody/notice"
	"custody/store"
)

// consoleNotices fits the outbox to the console.
type consoleNotices struct{ s *Site }

// Deliveries implements console.Notices.
func (c consoleNotices) Deliveries(failed bool, most int) ([]console.Delivery, error) {
	return Deliveries(c.s.o.Store, failed, most)
}

// Deliveries lists the newest deliveries, and notices that have none (yet); only those
// that failed and were not mended, if wanted.
func Deliveries(st *store.Store, failed bool, most int) ([]console.Delivery, error) {
	sent, err := st.Deliveries(failed, most)
	if err != nil {
		return nil, err
	}
	var list []console.Delivery
	known := map[uint64]bool{}
	for i := range sent {
		d := &sent[i]
		known[d.Message.ID] = true
		row := deliveryOf(d.Message)
		row.ID, row.Channel, row.Address, row.State, row.Attempts, row.Why = d.ID, d.Channel, d.Address, d.State(), d.Attempts, d.Why
		row.Next, row.Sent, row.GivenUp = d.Next, d.Sent, d.GivenUp
		list = append(list, row)
	}
	if failed {
		return list, nil
	}
	put, err := st.OutboxNotices(most)
	for _, m := range put {
		if !known[m.ID] {
			row := deliveryOf(m)
			row.State = "in the outbox"
			list = append(list, row)
		}
	}
	return list, err
}

func deliveryOf(m *notice.Message) console.Delivery {
	return console.Delivery{Notice: m.ID, Kind: string(m.Kind), Severity: m.Severity.String(), Subject: m.Subject, Time: m.Time}
}

// Retry implements console.Notices.
func (c consoleNotices) Retry(id uint64) (int, error) {
	return c.s.o.Store.RetryDelivery(id, c.s.o.Now())
}

// Trial implements console.Notices.
func (c consoleNotices) Trial() (int, error) {
	channels := len(c.s.o.Notices.Receivers)
	if channels == 0 {
		return 0, custody.E(custody.CodeConflict, "custody.yaml declares no channel", "add notices.mail, a webhook, a syslog collector or a file; custody config example shows how")
	}
	return channels, c.s.Notices.Put(notice.Trying())
}
