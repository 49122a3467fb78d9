package portal

import (
	"hash/maphash"
	"sync"

	"custody"
)

// pages remembers which of the pages that somebody looked at last are about a single
// customer: what is sent from such a page, or to its address, is about that customer.
type pages struct {
	mu   sync.Mutex
	list [32]pageOf
	next int
}

type pageOf struct {
	address uint64 // hashed; zero: none
	subject custody.SubjectID
}

// shows notes whom a page is about; zero for nobody, or several.
func (m *pages) shows(p *Portal, address string, subject custody.SubjectID) {
	at := maphash.String(p.blanks.seed, address)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.list {
		if m.list[i].address == at {
			m.list[i].subject = subject
			return
		}
	}
	if subject != 0 {
		m.list[m.next%len(m.list)] = pageOf{at, subject}
		m.next++
	}
}

// whose gives whom the page at an address is about; zero for nobody who is known.
func (m *pages) whose(p *Portal, address string) custody.SubjectID {
	at := maphash.String(p.blanks.seed, address)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.list {
		if m.list[i].address == at {
			return m.list[i].subject
		}
	}
	return 0
}
