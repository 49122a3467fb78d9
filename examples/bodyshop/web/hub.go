package web

import "sync"

// change is a job that was moved, as the streams of events tell it.
type change struct {
	Organisation int    `json:"-"`
	JobID        int64  `json:"job_id"`
	CustomerID   int64  `json:"customer_id"`
	Customer     string `json:"customer"`
	Phone        string `json:"phone"`
	Registration string `json:"registration"`
	Branch       string `json:"branch"`
	BranchID     int    `json:"branch_id"`
	Assignee     string `json:"assignee"`
	Status       string `json:"status"`
}

// hub tells changes to those who listen. Who is too slow is cut off and must ask
// again: nobody may hold up the others.
type hub struct {
	mu        sync.Mutex
	closed    bool
	listeners map[chan change]int // to the organisation
}

// behind is how many changes a listener may be late.
const behind = 64

func newHub() *hub { return &hub{listeners: map[chan change]int{}} }

// listen gives a channel of an organisation's changes. It is closed when the listener
// is too slow, and when the server closes; leave must be called.
func (h *hub) listen(organisation int) chan change {
	ch := make(chan change, behind)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(ch)
		return ch
	}
	h.listeners[ch] = organisation
	return ch
}

func (h *hub) leave(ch chan change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, ch)
}

func (h *hub) tell(e change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch, organisation := range h.listeners {
		if organisation != e.Organisation {
			continue
		}
		select {
		case ch <- e:
		default:
			delete(h.listeners, ch)
			close(ch)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch := range h.listeners {
		delete(h.listeners, ch)
		close(ch)
	}
}
