package web

// home opens the board, which is what a branch looks at all day.
func (s *Server) home(c *call) error { return c.see("/board") }
