package pgproxy

import (
	"io"

	"custody"
)

// expect is one reply that the database owes, in the order of the requests.
type expect struct {
	kind   byte // the request's message type; 'd' for Describe of a statement
	steps  []step
	at     int // Query: the statement whose answer is next
	name   string
	sql    string // Query and Execute: the text that runs
	ps     *prepared
	portal *portal
	// refusal stands in for the error of a statement that was made to fail.
	refusal error
	// hidden: the reply is of a request of ours and the client sees none of it.
	hidden bool
	// quiet: the client sees nothing of the database being ready after it. commits: it is
	// the COMMIT of a script. begins: the first thing done is the BEGIN of one, which lead
	// characters of the text are. offset: where the client's text begins in its string,
	// in characters.
	quiet, commits, begins, begun bool
	lead, offset                  int

	told  bool // the client has its error for this request
	erred bool // the database has reported an error for it
}

// handle takes one message of the client.
func (c *conn) handle(m message) error {
	c.busy++
	if len(m) > maxQuick {
		c.cool(0)
	}
	if c.skipping && m.kind() != 'S' && m.kind() != 'X' {
		return nil
	}
	switch m.kind() {
	case 'Q':
		return c.query(m)
	case 'P':
		return c.parse(m)
	case 'B':
		return c.bind(m)
	case 'E':
		return c.execute(m)
	case 'D', 'C':
		return c.describeOrClose(m)
	case 'H':
		return c.flush()
	case 'S':
		return c.sync(m)
	case 'F':
		return c.functionCall(m)
	case 'd', 'c', 'f':
		return c.copyIn(m)
	case 'X':
		return io.EOF
	}
	return custody.E(custody.CodeInvalid, "a message of an unknown type arrived", "is the client speaking PostgreSQL's protocol?")
}

// query handles a simple query: a string of statements.
func (c *conn) query(m message) error {
	body := cursor{b: m.body()}
	sql := string(body.cstring())
	if body.bad || len(body.b) != 0 {
		return custody.E(custody.CodeInvalid, "a query message is broken", "try another client")
	}
	steps, err := c.analyse(sql)
	switch {
	case err != nil:
		c.send = appendFailing(c.send, false)
		c.queue = append(c.queue, expect{kind: 'Q', refusal: err})
	case len(steps) == 1 && steps[0].rewritten != "":
		c.send = appendQuery(c.send, steps[0].rewritten)
		c.queue = append(c.queue, expect{kind: 'Q', sql: sql, steps: steps})
	case c.scripted(steps):
		return c.runScript(sql, steps)
	default:
		for i := range steps {
			if err := c.endsTransaction(&steps[i]); err != nil {
				return err
			}
		}
		if len(steps) == 1 {
			err = c.recordAhead(&steps[0], steps[0].pins)
		}
		if err != nil {
			c.send = appendFailing(c.send, false)
			c.queue = append(c.queue, expect{kind: 'Q', refusal: err})
			break
		}
		if len(steps) > 0 && steps[0].sent != "" {
			c.send = appendQuery(c.send, steps[0].sent)
		} else {
			c.send = append(c.send, m...)
		}
		c.queue = append(c.queue, expect{kind: 'Q', sql: sql, steps: steps})
		c.quick.learn(sql, steps)
	}
	return c.drain()
}

// maxUnanswered is how much of a pipeline is sent before its replies are read, in
// bytes. Both directions' socket buffers hold it, so neither side can block the
// other; a longer pipeline is cut by Flush messages of ours.
const maxUnanswered = 16 << 10

// forward queues a message of the extended protocol, and drains the pipeline when
// it has grown long.
func (c *conn) forward(m []byte, e expect) error {
	c.send = append(c.send, m...)
	c.queue = append(c.queue, e)
	if c.unread += len(m); c.unread > maxUnanswered {
		return c.ask()
	}
	return nil
}

// fail queues a request that fails, in place of one that is refused.
func (c *conn) fail(err error) error {
	c.send = appendFailing(c.send, true)
	c.queue = append(c.queue, expect{kind: 'P', refusal: err})
	return c.ask()
}

// ask makes the database answer everything that was sent; the answers stay
// collected until the client itself asks for them.
func (c *conn) ask() error {
	if len(c.queue) == 0 && len(c.send) == 0 {
		return nil
	}
	c.send = append(c.send, 'H', 0, 0, 0, 4)
	return c.settle()
}

// flush is the client asking for the answers so far.
func (c *conn) flush() error {
	if err := c.ask(); err != nil {
		return err
	}
	return c.release()
}

func (c *conn) sync(m message) error {
	if c.copying { // PostgreSQL ignores Sync while it waits for CopyData
		c.send = append(c.send, m...)
		return c.transmit()
	}
	if started, err := c.syncChanges(); started || err != nil {
		return err
	}
	c.skipping = false
	c.send = append(c.send, m...)
	c.queue = append(c.queue, expect{kind: 'S'})
	return c.drain()
}

func (c *conn) functionCall(m message) error {
	if c.sys.declares() {
		c.cool(coolSlow)
		c.gate.Refuse(custody.CodeUnsupported, 0)
		c.send = appendFailing(c.send, false)
		c.queue = append(c.queue, expect{kind: 'Q', refusal: custody.E(custody.CodeUnsupported, "function calls of the protocol are refused",
			"call the function in a SELECT")})
		return c.drain()
	}
	c.send = append(c.send, m...)
	c.queue = append(c.queue, expect{kind: 'F'})
	return c.drain()
}

func broken(what string) error {
	return custody.E(custody.CodeInvalid, "a "+what+" message is broken", "try another client")
}
