package loop

import "time"

func (s *Socket) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline wakes a hot socket's reader if the time has come; later ones count
// from when it is cold. None but those are set on a hot one.
func (s *Socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = t
	if s.kick == nil {
		return s.conn.SetReadDeadline(t)
	}
	s.expired.Store(passed(t))
	if passed(t) {
		s.kick()
	}
	return nil
}

func (s *Socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write = t
	if s.kick == nil {
		return s.conn.SetWriteDeadline(t)
	}
	return nil
}

func passed(t time.Time) bool { return !t.IsZero() && !t.After(time.Now()) }

// Break makes whoever reads or waits stop with an error, and the socket useless. It is
// Close for those who do not own it.
func (s *Socket) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kick == nil {
		_ = s.conn.Close()
		return
	}
	s.broken = true
	s.expired.Store(true)
	s.kick()
}
