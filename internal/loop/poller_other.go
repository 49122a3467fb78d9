//go:build !linux

package loop

import (
	"errors"
	"net"
)

// poller is for Linux alone; elsewhere no connection is ever hot.
type poller struct{}

func (*poller) open() bool                            { return false }
func (*poller) close()                                {}
func (*poller) add(fd, slot, which int) bool          { return false }
func (*poller) remove(fd int)                         {}
func (*poller) wake()                                 {}
func (*poller) wait(look bool) int                    { return 0 }
func (*poller) at(i int) (slot, which int, gone bool) { return 0, 0, false }

func take(net.Conn) (int, error)             { return 0, errors.ErrUnsupported }
func giveBackSocket(int) (net.Conn, error)   { return nil, errors.ErrUnsupported }
func receive(int, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }
func send(int, []byte) (int, bool, error)    { return 0, false, errors.ErrUnsupported }
