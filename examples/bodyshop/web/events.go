package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// heartbeat keeps proxies from ending a stream on which nothing happens.
const heartbeat = 20 * time.Second

// events streams the moves of jobs as server-sent events named job.
func (s *Server) events(c *call) error {
	ch := c.hub.listen(c.session.account.Organisation)
	defer c.hub.leave(ch)
	out := http.NewResponseController(c.w)
	_ = out.SetReadDeadline(time.Time{}) // the server's limit is for requests, and this one was read
	c.w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(c.w, "retry: 2000\n: the moves of jobs\n\n")
	if err := out.Flush(); err != nil {
		return nil
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-c.r.Context().Done():
			return nil
		case <-tick.C:
			fmt.Fprint(c.w, ": still here\n\n")
		case e, ok := <-ch:
			if !ok {
				return nil // too slow, or the server closes: the browser comes again
			}
			b, err := json.Marshal(e)
			if err != nil {
				return nil
			}
			fmt.Fprintf(c.w, "event: job\nid: %d\ndata: %s\n\n", e.JobID, b)
		}
		if out.Flush() != nil {
			return nil
		}
	}
}

// boardMessage is what the board's WebSocket says: first the whole board, then moves.
type boardMessage struct {
	Type string  `json:"type"` // board, job or error
	Jobs []job   `json:"jobs,omitempty"`
	Job  *change `json:"job,omitempty"`
	Text string  `json:"text,omitempty"`
}

// boardMove is what may be said to it.
type boardMove struct {
	JobID  int64  `json:"job_id"`
	Status string `json:"status"`
	CSRF   string `json:"csrf"`
}

// boardSocket is the board as a WebSocket. A page of another site is refused by what
// the browser says of it; the Origin is not compared with the Host, because a proxy
// may have changed that.
func (s *Server) boardSocket(c *call) error {
	if site := c.r.Header.Get("Sec-Fetch-Site"); !slices.Contains([]string{"", "same-origin", "none"}, site) {
		return &problem{http.StatusForbidden, "not from another site"}
	}
	ch := c.hub.listen(c.session.account.Organisation)
	defer c.hub.leave(ch)
	all, err := c.jobs(c.boardBranch(), statuses[:onBoard], 0, onBoard*perColumn)
	if err != nil {
		return err
	}
	conn, err := websocket.Accept(c.w, c.r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil // it has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(4096)
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	if wsjson.Write(ctx, conn, boardMessage{Type: "board", Jobs: all}) != nil {
		return nil
	}
	go func() {
		defer cancel()
		c.readMoves(ctx, conn)
	}()
	c.writeChanges(ctx, conn, ch)
	return nil
}

// readMoves does what the other side asks until it goes.
func (c *call) readMoves(ctx context.Context, conn *websocket.Conn) {
	for {
		var m boardMove
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			return
		}
		err := error(invalid("The token of the session is missing."))
		if same(m.CSRF, c.session.csrf) {
			err = c.move(m.JobID, m.Status)
		}
		if err != nil && wsjson.Write(ctx, conn, boardMessage{Type: "error", Text: "The job was not moved."}) != nil {
			return
		}
	}
}

func (c *call) writeChanges(ctx context.Context, conn *websocket.Conn, ch chan change) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if conn.Ping(ctx) != nil {
				return
			}
		case e, ok := <-ch:
			if !ok {
				conn.Close(websocket.StatusGoingAway, "come again")
				return
			}
			if wsjson.Write(ctx, conn, boardMessage{Type: "job", Job: &e}) != nil {
				return
			}
		}
	}
}
