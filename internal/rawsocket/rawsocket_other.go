//go:build !linux

// Package rawsocket is for Linux alone; elsewhere no connection is ever taken.
package rawsocket

import (
	"errors"
	"net"
)

// Take takes nothing.
func Take(net.Conn) (int, error) { return 0, errors.ErrUnsupported }

// GiveBack gives nothing back.
func GiveBack(int) (net.Conn, error) { return nil, errors.ErrUnsupported }

// Receive reads nothing.
func Receive(int, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }

// Send writes nothing.
func Send(int, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }

// Batch sends nothing.
type Batch struct{}

// Send sends nothing.
func (*Batch) Send(list []Write) {
	for i := range list {
		list[i].Err = errors.ErrUnsupported
	}
}

// Close does nothing.
func (*Batch) Close() {}
