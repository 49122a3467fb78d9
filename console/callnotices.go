package console

import "time"

func noticeCalls() []call {
	return []call{
		{"GET", "notices", "notices", "The newest notices and what became of them", areaNotices, scopeNotices, list, []param{{"failed", "yes: only those that failed and were not mended", "string"}}, nil, DeliveryItem{}, callNotices},
		{"POST", "notices/retry", "retryNotices", "Send all that were given up again, now", areaNoticesDo, scopeNoticesDo, dear, nil, nil, Counted{}, callRetryNotices},
		{"POST", "notices/{delivery}/retry", "retryNotice", "Send one again, now", areaNoticesDo, scopeNoticesDo, 0, nil, nil, Counted{}, callRetryNotice},
		{"POST", "notices/test", "testNotices", "Put a notice for trial: every channel gets it", areaNoticesDo, scopeNoticesDo, dear, nil, nil, Counted{}, callTestNotices},
	}
}

// DeliveryItem is the sending of one notice to one receiver.
type DeliveryItem struct {
	ID       uint64    `json:"id,omitempty"` // missing while it is in the outbox
	Notice   uint64    `json:"notice"`
	Kind     string    `json:"kind"`
	Severity string    `json:"severity"`
	Subject  string    `json:"subject"`
	Channel  string    `json:"channel,omitempty"`
	Address  string    `json:"address,omitempty"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts"`
	Time     time.Time `json:"time"`
	Next     time.Time `json:"next,omitzero"`
	Sent     time.Time `json:"sent,omitzero"`
	Why      string    `json:"why,omitempty"`
}

// Counted says how many there were.
type Counted struct {
	Count int `json:"count"`
}

// noticeReach: notices go to people of all employers.
func (v *visit) noticeReach() error {
	if !v.reach(v.area).everywhere() {
		return v.refused(errRole)
	}
	return nil
}

func callNotices(v *visit, _ any) (any, error) {
	if err := v.noticeReach(); err != nil {
		return nil, err
	}
	all, err := v.c.o.Notices.Deliveries(v.r.URL.Query().Get("failed") == "yes", maxItems)
	if err != nil {
		return nil, err
	}
	items := make([]DeliveryItem, len(all))
	for i, d := range all {
		items[i] = DeliveryItem{d.ID, d.Notice, d.Kind, d.Severity, d.Subject, d.Channel, d.Address, d.State, d.Attempts, d.Time, d.Next, d.Sent, d.Why}
	}
	return part(v, items)
}

func (v *visit) retryNotices(id uint64) (any, error) {
	if err := v.noticeReach(); err != nil {
		return nil, err
	}
	n, err := v.c.o.Notices.Retry(id)
	return Counted{n}, err
}

func callRetryNotices(v *visit, _ any) (any, error) { return v.retryNotices(0) }

func callRetryNotice(v *visit, _ any) (any, error) {
	id, err := number[uint64](v, "delivery")
	if err != nil {
		return nil, err
	}
	return v.retryNotices(id)
}

func callTestNotices(v *visit, _ any) (any, error) {
	if err := v.noticeReach(); err != nil {
		return nil, err
	}
	n, err := v.c.o.Notices.Trial()
	return Counted{n}, err
}
