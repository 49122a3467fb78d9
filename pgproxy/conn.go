package pgproxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"custody"
	"custody/gate"
	"custody/internal/loop"
)

// How a connection stands with its client, for nudge.
const (
	busy    = iota
	waiting // for the client's next message
	silent  // still waiting at the next tick
	nudged  // told to listen to the database as well
)

// conn serves one client. One goroutine owns every field but state; cut and nudge
// touch only state and deadlines.
type conn struct {
	s        *Server
	sys      *System
	raw      *loop.Socket // the client's, below TLS
	client   net.Conn
	in       *reader // from the client
	up       *upstream
	server   *reader // from the database
	gate     *gate.Session
	answer   *gate.Answer
	signedIn *custody.Session
	key      cancelKey
	state    atomic.Uint32

	out   []byte   // for the client: collected, not yet permitted to leave (step 5)
	send  []byte   // for the database: collected, not yet sent
	queue []expect // what the database owes for what was put into send
	// skipping: an error was sent and the client's messages up to its Sync are void.
	skipping   bool
	statements map[string]*prepared
	portals    map[string]*portal
	rows       rowPlan // of the result that is streaming
	stopped    error   // why the result that is streaming was ended by the gate
	tx         byte    // transaction status of the last ReadyForQuery
	ahead      ahead   // of the statement that runs
	schema     bool    // a statement of this transaction changed the schema
	copying    bool    // the database waits for CopyData
	copyOut    *copyDecoder
	source     *copySource // what is copied in, if it changes personal data
	behind     behind
	changes    changes    // of the open transaction
	script     *script    // that is being run
	broken     bool       // a statement of the script has failed
	released   time.Time  // when a large part last left
	late       bool       // an answer was stopped that the database believes complete, Sync included
	poison     bool       // the database believes complete what the client was told has failed
	unread     int        // bytes sent since the database was last listened to
	busy       int        // messages since the client was last silent; negative: not yet to go into a loop
	markless   bool       // the database ends no csv data at a line of \.
	task       *loop.Task // whose code runs; nil before it was in a loop, and when the rest of its stay has ended
	quick      *quick     // serves its plainest statements; nil before it was in a loop
}

// serve runs the connection after sign-in, in a goroutine of its own: the stack that
// the TLS handshake grew goes back.
func (c *conn) serve() {
	c.s.register(c)
	err := c.greet()
	c.up.params = nil
	c.run(err)
}

// run serves until either side ends the connection, or until the client falls
// silent: then another goroutine waits for it, on a stack that is still small. A
// connection that is busy goes on in a loop.
func (c *conn) run(err error) {
	for err == nil {
		if c.task != nil && !c.task.In() { // it has left the loop: its task ends here
			c.task = nil
			go c.run(nil)
			return
		}
		if c.heats() {
			return
		}
		var m message
		if m, err = c.receive(); err == errSilent {
			c.cool(0)
			c.busy, c.task = 0, nil
			go c.wait()
			return
		}
		if err == errTaken { // the loop has sent the message: its answer is next
			err = c.drain()
			continue
		}
		if err == nil {
			err = c.handle(m)
		}
	}
	c.cool(0)
	c.end(err)
	c.s.leave(c.raw)
}

// errSilent says that the client has said nothing for a while.
var errSilent = errors.New("silent")

// wait waits for a silent client and goes on serving it.
func (c *conn) wait() {
	m, err := c.idle()
	if err == nil {
		err = c.handle(m)
	}
	c.run(err)
}

// end says goodbye. Rows that were collected and not released are dropped here.
func (c *conn) end(err error) {
	c.s.unregister(c)
	if late := c.behind.wait(); err == nil {
		err = late
	}
	if code := c.gate.WasCut(); code != custody.CodeNone {
		err = custody.E(code, "your access has ended", "ask the administrator if this is a mistake")
		if code == custody.CodeUnavailable {
			err = custody.E(code, "the gate is shutting down", "connect again in a moment")
		}
	}
	if custody.CodeOf(err) != custody.CodeInternal && err != nil {
		if c.gate.WasCut() == custody.CodeNone {
			_ = c.client.SetWriteDeadline(time.Now().Add(time.Second))
		}
		_, _ = c.client.Write(appendError(nil, "FATAL", err))
	}
	c.up.close()
	c.settleLate()
	c.gate.Leave()
	if err := c.s.o.Identity.Close(c.signedIn, c.gate.WasCut()); err != nil {
		c.s.o.Log.Error("the end of a session could not be stored", "session", c.signedIn.ID, "err", err)
	}
	c.in.shrinkAll()
	c.server.shrinkAll()
	var fault *custody.Error
	if errors.As(err, &fault) && fault.Err != nil {
		c.s.o.Log.Error("a session ended with a fault", "session", c.signedIn.ID, "code", fault.Code.String(), "err", fault.Err)
	}
}

// greet lets the client in and tells the person who they are, that looks are
// recorded, and how many customers are left today.
func (c *conn) greet() error {
	out, at := begin(c.out[:0], 'R')
	out = finish(binary.BigEndian.AppendUint32(out, 0), at)
	for k, v := range c.up.params {
		out = appendParameter(out, k, v)
	}
	out, at = begin(out, 'K')
	out = binary.BigEndian.AppendUint32(out, c.key.pid)
	out = finish(binary.BigEndian.AppendUint32(out, c.key.secret), at)
	out = appendNotice(out, 'N', "NOTICE", "00000", c.greeting(), "")
	c.tx = 'I'
	c.out = appendReady(out, 'I')
	return c.release()
}

func appendParameter(dst []byte, name, value string) []byte {
	dst, at := begin(dst, 'S')
	return finish(appendCString(appendCString(dst, name), value), at)
}

func (c *conn) greeting() string {
	id := c.signedIn
	who := id.FullName
	if who == "" {
		who = id.Login
	}
	var about []string
	if id.OrgName != "" {
		about = append(about, id.OrgName)
	}
	if about = append(about, id.Roles...); len(about) > 0 {
		who += " (" + strings.Join(about, ", ") + ")"
	}
	text := fmt.Sprintf("custody: you are %s. Every customer record you open here is recorded under your name.", who)
	if id.Person == 0 {
		text = fmt.Sprintf("custody: you are the application %s. Every customer record you open here is recorded as yours, unless you pass on a person's signed identity.", who)
	}
	return text + c.gate.Left()
}

// receive gives the client's next message. Before it waits it has released all
// there was to release, so that a client never waits for what we hold.
func (c *conn) receive() (message, error) {
	if c.in.ready() {
		return c.in.next()
	}
	if err := c.transmit(); err != nil { // a client that pauses within a pipeline: the database's timers run
		return nil, err
	}
	c.state.Store(waiting)
	m, err := c.in.next()
	if c.state.Swap(busy) == nudged || isTimeout(err) {
		return c.afterNudge(m, err)
	}
	return m, err
}

// nudge is called by the sweeper at every tick: a client that has been silent for
// a whole one is woken from its read, to go idle.
func (c *conn) nudge() {
	switch c.state.Load() {
	case waiting:
		c.state.CompareAndSwap(waiting, silent)
	case silent:
		if c.state.CompareAndSwap(silent, nudged) {
			_ = c.client.SetReadDeadline(time.Unix(1, 0))
		}
	}
}

// afterNudge clears the deadline that a nudge left, whichever of the nudge and the
// message came first.
func (c *conn) afterNudge(m message, err error) (message, error) {
	_ = c.client.SetReadDeadline(time.Time{})
	if c.gate.WasCut() != custody.CodeNone {
		return nil, os.ErrDeadlineExceeded
	}
	if !isTimeout(err) {
		return m, err
	}
	return nil, errSilent
}

// idle waits for the client while it passes on what the database says by itself
// (notices, changed parameters, its own shutdown) or answers early (a COPY that
// failed midway). Only here has a connection a second goroutine, which owns all but
// the client's reader until it has ended; a busy one pays nothing for it.
func (c *conn) idle() (message, error) {
	c.in.shrink()
	c.server.shrink()
	if len(c.out) == 0 {
		c.out = nil
	}
	if len(c.send) == 0 {
		c.send = nil
	}
	c.behind.shrink()
	c.quick = nil
	gone := make(chan error, 1)
	go func() {
		err := c.overhear()
		gone <- err
		if !isTimeout(err) {
			_ = c.client.SetReadDeadline(time.Unix(1, 0)) // the database went away: wake the client's reader
		}
	}()
	m, err := c.in.next()
	_ = c.up.conn.SetReadDeadline(time.Unix(1, 0))
	upErr := <-gone
	_ = c.up.conn.SetReadDeadline(time.Time{})
	if c.gate.WasCut() != custody.CodeNone {
		return nil, os.ErrDeadlineExceeded
	}
	if !isTimeout(upErr) {
		return nil, upstreamGone(upErr)
	}
	return m, err
}

// overhear passes on messages that the database sends while the client is silent.
func (c *conn) overhear() error {
	for {
		m, err := c.server.next()
		if err != nil {
			return err
		}
		if len(c.queue) > 0 {
			err = c.overhearReply(m)
		} else {
			err = c.overhearNews(m)
		}
		if err != nil {
			return err
		}
	}
}

// overhearReply handles an answer that comes before the client asks for it.
func (c *conn) overhearReply(m message) error {
	if err := c.reply(m); err != nil {
		return err
	}
	if len(c.out) < part && c.server.ready() {
		return nil
	}
	return c.release()
}

func (c *conn) overhearNews(m message) error {
	out, err := c.unasked(nil, m)
	if err != nil {
		return err
	}
	_, err = c.client.Write(out)
	return err
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func upstreamGone(err error) error {
	var known *custody.Error
	if errors.As(err, &known) {
		return err
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the database behind the gate closed the connection",
		Hint: "connect again in a moment; if it stays so, tell the administrator", Err: err}
}
