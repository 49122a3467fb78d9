//go:build !linux

package pgproxy

// poller is for Linux alone; elsewhere no connection is ever hot.
type poller struct{}

func (*poller) open() bool                                              { return false }
func (*poller) close()                                                  {}
func (*poller) add(fd, slot, which int) bool                            { return false }
func (*poller) remove(fd int)                                           {}
func (*poller) wake()                                                   {}
func (*poller) wait(bool, func(slot, which int, gone bool)) (int, bool) { return 0, false }
