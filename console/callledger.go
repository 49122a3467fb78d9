package console

import "time"

func ledgerCalls() []call {
	return []call{
		{"GET", "ledger", "ledger", "The ledger's state and its newest signed checkpoint", areaLedger, scopeLedger, 0, nil, nil, LedgerState{}, callLedger},
		{"POST", "ledger/checkpoints", "signCheckpoint", "Sign a checkpoint of everything recorded up to now", areaLedger, scopeLedgerDo, dear, nil, nil, LedgerState{}, callLedger},
		{"POST", "ledger/check", "checkLedger", "Begin to check the whole ledger, unless a check runs", areaLedger, scopeLedgerDo, dear, nil, nil, CheckState{}, callStartCheck},
		{"GET", "ledger/check", "ledgerCheck", "How the check goes, or what the last one found", areaLedger, scopeLedger, 0, nil, nil, CheckState{}, callCheck},
		{"GET", "ledger/sent", "sentCheckpoints", "Checkpoints that were sent to those who keep them, newest first", areaLedger, scopeLedger, list, nil, nil, SentItem{}, callSent},
	}
}

// SentItem is a checkpoint at somebody who keeps it, or on its way there.
type SentItem struct {
	Made   time.Time `json:"made"`
	Frames uint64    `json:"frames"`
	To     string    `json:"to"`
	State  string    `json:"state"` // waiting, sent, retried or given up
	Sent   time.Time `json:"sent,omitzero"`
	Why    string    `json:"why,omitempty"` // the last failure
}

func callSent(v *visit, _ any) (any, error) {
	all, err := v.c.o.Ledger.Sent(maxItems)
	if err != nil {
		return nil, err
	}
	items := make([]SentItem, len(all))
	for i, s := range all {
		items[i] = SentItem(s)
	}
	return part(v, items)
}

// LedgerState is the ledger as a whole.
type LedgerState struct {
	Healthy     bool   `json:"healthy"`
	Events      uint64 `json:"events"`
	Disclosures uint64 `json:"disclosures"`
	Origin      string `json:"origin"`
	Frames      uint64 `json:"frames"` // under the checkpoint
	Root        string `json:"root"`   // base64
	Checkpoint  string `json:"checkpoint"`
}

func callLedger(v *visit, _ any) (any, error) {
	p, err := v.c.o.Ledger.Checkpoint()
	if err != nil {
		return nil, err
	}
	s := LedgerState{Healthy: v.c.o.Ledger.Health() == nil, Origin: p.Origin, Frames: p.Size, Root: p.Root, Checkpoint: p.Note}
	s.Events, s.Disclosures = v.c.o.Looks.Len()
	return s, nil
}

// CheckState is a check of the whole ledger.
type CheckState struct {
	State       string    `json:"state"` // never, running, whole or damaged
	Started     time.Time `json:"started,omitzero"`
	Done        time.Time `json:"done,omitzero"`
	By          string    `json:"by,omitempty"`
	Frames      uint64    `json:"frames,omitempty"`
	Events      uint64    `json:"events,omitempty"`
	Disclosures uint64    `json:"disclosures,omitempty"`
	Bytes       int64     `json:"bytes,omitempty"`
	Checkpoints int       `json:"checkpoints,omitempty"`
	Unsigned    bool      `json:"unsigned,omitempty"` // frames after the newest checkpoint
	Trouble     string    `json:"trouble,omitempty"`
}

func callStartCheck(v *visit, in any) (any, error) {
	v.check()
	return callCheck(v, in)
}

func callCheck(v *visit, _ any) (any, error) {
	d := v.c.checks.state()
	s := CheckState{State: "never", Started: d.Started, Done: d.Done, By: d.By, Trouble: d.Trouble}
	switch {
	case d.Running:
		s.State = "running"
	case d.Trouble != "":
		s.State = "damaged"
	case !d.Done.IsZero():
		s.State = "whole"
		s.Frames, s.Events, s.Disclosures, s.Bytes = d.Found.Frames, d.Found.Events, d.Found.Disclosures, d.Found.Bytes
		s.Checkpoints, s.Unsigned = d.Found.Checkpoints, d.Found.Unsigned
	}
	return s, nil
}
