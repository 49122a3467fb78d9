package console

import "slices"

// calls lists every operation for programs.
func calls() []call {
	return slices.Concat(selfCalls(), lookCalls(), customerCalls(), peopleCalls(), rightsCalls(), requestCalls(), reviewCalls(), alertCalls(),
		complaintCalls(), registerCalls(), registerDoCalls(), systemCalls(), ledgerCalls(), staffCalls(), noticeCalls(), canaryCalls())
}

// Done says that a write did what it was asked for.
type Done struct {
	Done string `json:"done"`
}
