package gate

import "time"

// Deafen makes the gate one that has not heard for a long while.
func (g *Gate) Deafen() { g.heard.Store(int64(time.Since(g.start) - 2*g.parts.Deaf)) }
