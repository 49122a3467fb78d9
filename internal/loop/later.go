package loop

import "custody/internal/rawsocket"

// lateWrites are what the tasks of a loop left for the end of the round.
type lateWrites struct {
	late  []*Socket // that have something to write; nil where it is done otherwise
	batch rawsocket.Batch
	list  []rawsocket.Write // of a batch
}

// forget leaves a socket's to its next read or write.
func (w *lateWrites) forget(s *Socket) {
	for i := range w.late {
		if w.late[i] == s {
			w.late[i] = nil
		}
	}
}

// send makes as many of the writes as go by one system call.
func (w *lateWrites) send() {
	if len(w.late) < 2 {
		return
	}
	list := w.list[:0]
	for _, s := range w.late {
		if s != nil && len(s.later) > 0 {
			list = append(list, rawsocket.Write{FD: s.fd, Bytes: s.later})
		}
	}
	w.batch.Send(list)
	n := 0
	for _, s := range w.late {
		if s != nil && len(s.later) > 0 {
			s.wrote(list[n].Sent, list[n].Again, list[n].Err)
			n++
		}
	}
	clear(list)
	w.list = list[:0]
}

// flush writes what was left for the end of the round.
func (l *Loop) flush() {
	w := &l.writes
	w.send()
	for i := 0; i < len(w.late); i++ {
		if s := w.late[i]; s != nil {
			switch {
			case s.flush():
				if s.ready {
					l.tell(s)
				}
			case s.hot.wants == s:
				l.rouse(s.hot)
			}
		}
		w.late[i] = nil
	}
	w.late = w.late[:0]
}

// WriteLater is Write at the end of the loop's round, so that whoever is to read what
// several connections write need not be woken for each. The caller must read next, which
// tells of an error, and leave b as it is until that has given something.
func (s *Socket) WriteLater(b []byte) (int, error) {
	if s.hot == nil || len(s.later) > 0 || s.fault != nil {
		return s.Write(b)
	}
	s.later = b
	w := &s.hot.loop.writes
	w.late = append(w.late, s)
	return len(b), nil
}

// Pending says whether something is left to be written.
func (s *Socket) Pending() bool { return len(s.later) > 0 }

// Flush writes what was left for later, now.
func (s *Socket) Flush() error {
	if len(s.later) > 0 && s.hot != nil && s.flush() {
		return nil
	}
	p := s.later
	if len(p) == 0 || s.fault != nil {
		return s.fault
	}
	s.later, s.stuck = nil, false
	_, err := s.Write(p)
	return err
}

// flush writes what was left for later, and says whether that is done.
func (s *Socket) flush() bool {
	if len(s.later) == 0 {
		return s.fault == nil && !s.stuck
	}
	return s.wrote(rawsocket.Send(s.fd, s.later))
}

// wrote notes what became of what was left for later.
func (s *Socket) wrote(n int, again bool, err error) (done bool) {
	s.later, s.fault, s.stuck = s.later[n:], err, again || err == nil && n < len(s.later)
	return err == nil && !s.stuck
}
