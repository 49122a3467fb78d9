package loop

import "custody/internal/rawsocket"

// heat takes the socket out of the runtime's poller.
func (s *Socket) heat(t *Task, kick func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fd, err := rawsocket.Take(s.conn)
	if err != nil {
		return err
	}
	_ = s.conn.Close() // the descriptor is another one of the same connection
	s.fd, s.kick, s.hot, s.ready = fd, kick, t, true
	s.expired.Store(passed(s.read))
	return nil
}

// cool gives it back. If that fails, it stays closed, and its next use says so.
func (s *Socket) cool() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := rawsocket.GiveBack(s.fd); err == nil {
		s.conn = c
		_ = c.SetReadDeadline(s.read)
		_ = c.SetWriteDeadline(s.write)
	}
	if s.broken {
		_ = s.conn.Close()
	}
	s.fd, s.kick, s.hot, s.gone, s.stuck = 0, nil, nil, false, false
}
