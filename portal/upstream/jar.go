package upstream

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// The most cookies that a jar holds, and the longest one, in bytes. More are not kept.
const (
	maxCookies = 64
	maxCookie  = 8 << 10
)

// Jar holds the application's cookies for one person's session. They never reach the
// browser, so nobody can take the application's session elsewhere. It is safe for
// concurrent use.
type Jar struct {
	mu      sync.Mutex
	cookies []cookie
}

type cookie struct {
	name, value, path string
	expires           time.Time // zero: with the session
}

// Keep takes the cookies that an answer sets. except names those that are the
// browser's, which are left out.
func (j *Jar) Keep(lines []string, requestPath string, except func(name string) bool) {
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil || len(line) > maxCookie || except != nil && except(c.Name) {
			continue
		}
		j.set(c, requestPath, time.Now())
	}
}

func (j *Jar) set(c *http.Cookie, requestPath string, now time.Time) {
	n := cookie{name: c.Name, value: c.Value, path: c.Path, expires: c.Expires}
	if c.Quoted {
		n.value = `"` + n.value + `"`
	}
	if n.path == "" || n.path[0] != '/' {
		n.path = defaultPath(requestPath)
	}
	if c.MaxAge > 0 {
		n.expires = now.Add(time.Duration(c.MaxAge) * time.Second)
	}
	gone := c.MaxAge < 0 || !n.expires.IsZero() && !n.expires.After(now)
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.cookies {
		if j.cookies[i].name == n.name && j.cookies[i].path == n.path {
			if gone {
				j.cookies = append(j.cookies[:i], j.cookies[i+1:]...)
			} else {
				j.cookies[i] = n
			}
			return
		}
	}
	if !gone && len(j.cookies) < maxCookies {
		j.cookies = append(j.cookies, n)
	}
}

// defaultPath is that of RFC 6265, section 5.1.4.
func defaultPath(requestPath string) string {
	if i := strings.LastIndexByte(requestPath, '/'); i > 0 {
		return requestPath[:i]
	}
	return "/"
}

// Append writes the cookies for a path, as the Cookie header has them.
func (j *Jar) Append(dst []byte, path string) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.cookies {
		c := &j.cookies[i]
		if !covers(c.path, path) || !c.expires.IsZero() && !time.Now().Before(c.expires) {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, "; "...)
		}
		dst = append(append(append(dst, c.name...), '='), c.value...)
	}
	return dst
}

// covers is the path match of RFC 6265, section 5.1.4.
func covers(cookie, path string) bool {
	rest, ok := strings.CutPrefix(path, cookie)
	return ok && (rest == "" || cookie[len(cookie)-1] == '/' || rest[0] == '/')
}

// Clear forgets all cookies.
func (j *Jar) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = nil
}
