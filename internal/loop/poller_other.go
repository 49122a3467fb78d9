//go:build !linux

package loop

// poller is for Linux alone; elsewhere no connection is ever hot.
type poller struct{}

func (*poller) open() bool                            { return false }
func (*poller) close()                                {}
func (*poller) add(fd, slot, which int) bool          { return false }
func (*poller) remove(fd int)                         {}
func (*poller) wake()                                 {}
func (*poller) wait(look bool) int                    { return 0 }
func (*poller) at(i int) (slot, which int, gone bool) { return 0, 0, false }
