package console

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// streamEvery is how often a stream looks for news.
const streamEvery = time.Second

// nowStream sends the live part of Now whenever something happened, until the session
// ends. It does not count as use of the session: a page that lies open lets it expire.
func nowStream(v *visit) error {
	control := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	tick := time.NewTicker(streamEvery)
	defer tick.Stop()
	var before []byte
	for n := 0; ; n++ {
		if err := v.c.o.Sessions.Valid(v.sess); err != nil {
			return nil
		}
		now, err := v.streamed()
		if err != nil {
			return nil
		}
		if !bytes.Equal(now, before) || n%15 == 0 { // the latter keeps proxies from closing it
			before = now
			_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			if _, err := v.w.Write(event("live", now)); err != nil || control.Flush() != nil {
				return nil
			}
		}
		select {
		case <-v.r.Context().Done():
			return nil
		case <-v.g.ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// streamed makes the live part with the roles and people of the moment.
func (v *visit) streamed() (part []byte, err error) {
	if v.people, err = v.c.rosters.roster(); err != nil {
		return nil, err
	}
	if v.holds, err = v.c.o.People.Holds(v.sess.Person); err != nil || !v.may(areaNow) {
		return nil, errRole
	}
	live, err := v.live()
	if err != nil {
		return nil, err
	}
	return v.c.pages.Part("now-live", live)
}

// event writes a server-sent event: each line of the text as a line of data.
func event(name string, text []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	for line := range bytes.Lines(text) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}
