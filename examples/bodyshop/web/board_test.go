package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// booked makes a job of Northfield's that nobody else moves.
func booked(t testing.TB, c *client, name string) (job int64, mark string) {
	t.Helper()
	r := newRepair(t, c, name)
	to := c.post(r.estimate(nil)+"/job", url.Values{"staff_id": {"2"}, "booked_for": {"2026-12-01"}, "instructions": {"Keep the camera powered"}})
	if _, err := fmt.Sscanf(to, "/jobs/%d", &job); err != nil {
		t.Fatal(to, err)
	}
	return job, r.mark
}

func (c *client) status(job int64) (j struct {
	ID     int64
	Status string
}) {
	c.t.Helper()
	var l struct {
		Jobs []struct {
			ID     int64
			Status string
		}
	}
	decode(c.t, c.page("/api/jobs?per_page=1000&status=booked,in-bodyshop,awaiting-parts,in-paint,ready,collected,cancelled"), &l)
	for _, one := range l.Jobs {
		if one.ID == job {
			j = one
		}
	}
	return j
}

func TestJobCard(t *testing.T) {
	c := start(t).northfield(t)
	job, mark := booked(t, c, "Jo Card")
	path := fmt.Sprintf("/jobs/%d", job)
	if page := c.page(path); !strings.Contains(page, mark) || !strings.Contains(page, "Keep the camera powered") {
		t.Error("the card does not show the job")
	}
	if to := c.post(path+"/status", url.Values{"status": {"in-bodyshop"}, "back": {"//evil.example"}}); to != "/" {
		t.Errorf("the button leads to %s", to)
	}
	if j := c.status(job); j.Status != "in-bodyshop" {
		t.Errorf("%+v", j)
	}
	c.post(path, url.Values{"status": {"collected"}, "booked_for": {"2026-12-03"}, "staff_id": {"3"}, "branch_id": {"2"}, "instructions": {"Wash it"}})
	if page := c.page(path); !strings.Contains(page, "2026-12-03") || !strings.Contains(page, "Wash it") || !strings.Contains(page, "Collected") {
		t.Error("the card was not saved")
	}
	if strings.Contains(c.page("/board?branch=all"), mark) {
		t.Error("a collected job is on the board")
	}
	token := c.token("/account")
	if status, _, _ := c.send(url.Values{"csrf": {token}, "status": {"vanished"}}, path+"/status"); status != http.StatusUnprocessableEntity {
		t.Errorf("a status that there is not: %d", status)
	}
	if status, _, _ := c.send(url.Values{"csrf": {token}, "status": {"ready"}, "booked_for": {"2026-12-03"}, "staff_id": {"240"}, "branch_id": {"24"}}, path); status == http.StatusSeeOther && strings.Contains(c.page(path), "Severnside") {
		t.Error("a job went to another firm")
	}
}

// moved reads a stream until it tells the move of a job.
func TestEventStream(t *testing.T) {
	a := start(t)
	c, others := a.northfield(t), a.severnside(t)
	job, mark := booked(t, c, "Eve Event")
	stream := func(c *client) *bufio.Scanner {
		r, err := http.NewRequestWithContext(t.Context(), "GET", a.URL+"/api/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		if answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%v", answer.Header)
		}
		s := bufio.NewScanner(answer.Body)
		s.Scan() // the stream has begun: retry
		return s
	}
	mine, theirs := stream(c), stream(others)
	c.post(fmt.Sprintf("/jobs/%d/status", job), url.Values{"status": {"ready"}})
	_, _, _, other := a.theirs(t, 4)
	others.post(fmt.Sprintf("/jobs/%d/status", other), url.Values{"status": {"in-paint"}})
	next := func(s *bufio.Scanner) (e struct {
		JobID        int64 `json:"job_id"`
		Status       string
		Registration string
	}) {
		for s.Scan() {
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					t.Fatal(err)
				}
				return e
			}
		}
		t.Fatal("the stream ended")
		return e
	}
	if e := next(mine); e.JobID != job || e.Status != "ready" || e.Registration != mark {
		t.Errorf("%+v", e)
	}
	if e := next(theirs); e.JobID != other { // the first that they hear is their own
		t.Errorf("another firm heard of job %d", e.JobID)
	}
}

func TestBoardSocket(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	job, mark := booked(t, c, "Sam Socket")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := func(header http.Header) (*websocket.Conn, error) {
		conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(a.URL, "http")+"/api/board?branch=all", &websocket.DialOptions{HTTPClient: c.Client, HTTPHeader: header})
		if err == nil {
			conn.SetReadLimit(8 << 20)
		}
		return conn, err
	}
	if _, err := dial(http.Header{"Sec-Fetch-Site": {"cross-site"}}); err == nil {
		t.Error("another site's page was let in")
	}
	conn, err := dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	var m struct {
		Type string
		Jobs []struct {
			ID           int64
			Registration string
		}
		Job struct {
			JobID  int64 `json:"job_id"`
			Status string
		}
	}
	read := func() {
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			t.Fatal(err)
		}
	}
	read()
	seen := false
	for _, j := range m.Jobs {
		seen = seen || j.ID == job && j.Registration == mark
	}
	if m.Type != "board" || !seen {
		t.Errorf("the board has %d jobs, and not the new one", len(m.Jobs))
	}
	say := func(v any) {
		if err := wsjson.Write(ctx, conn, v); err != nil {
			t.Fatal(err)
		}
	}
	say(map[string]any{"job_id": job, "status": "ready"})
	if read(); m.Type != "error" {
		t.Errorf("a move without a token: %+v", m)
	}
	say(map[string]any{"job_id": job, "status": "ready", "csrf": c.token("/account")})
	if read(); m.Type != "job" || m.Job.JobID != job || m.Job.Status != "ready" {
		t.Errorf("%+v", m)
	}
	if j := c.status(job); j.Status != "ready" {
		t.Errorf("%+v", j)
	}
}
