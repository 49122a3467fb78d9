package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// call is one request of somebody who is signed in.
type call struct {
	*Server
	w       http.ResponseWriter
	r       *http.Request
	session *session
}

// action answers a call, or says why not.
type action func(*call) error

// problem is an answer that is not what was asked for. The message is for people.
type problem struct {
	status  int
	message string
}

func (p *problem) Error() string { return p.message }

// notFound is also what somebody of another organisation gets.
func notFound() error {
	return &problem{http.StatusNotFound, "There is no such page, or it is not one of yours."}
}

func invalid(message string) error { return &problem{http.StatusUnprocessableEntity, message} }

// signedIn finds the session of a request, checks the token of what changes things,
// and turns errors into answers.
func (s *Server) signedIn(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := s.sessions.find(r)
		if found == nil {
			s.signInFirst(w, r)
			return
		}
		c := &call{Server: s, w: w, r: r, session: found}
		err := c.checkToken()
		if err == nil {
			err = do(c)
		}
		if err != nil {
			c.fail(err)
		}
	})
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// signInFirst sends people to the sign-in page and tells programs.
func (s *Server) signInFirst(w http.ResponseWriter, r *http.Request) {
	if isAPI(r) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "sign in first"})
		return
	}
	to := "/login"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// checkToken refuses a form that another site sent.
func (c *call) checkToken() error {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		return nil
	}
	token := c.r.Header.Get("X-CSRF-Token")
	if token == "" {
		if err := c.form(); err != nil {
			return err
		}
		token = c.r.PostFormValue("csrf")
	}
	if !same(token, c.session.csrf) {
		return &problem{http.StatusForbidden, "This form is out of date. Go back, reload the page and try again."}
	}
	return nil
}

// form reads the form of the request, once.
func (c *call) form() error {
	var large *http.MaxBytesError
	if err := c.r.ParseForm(); errors.As(err, &large) {
		return &problem{http.StatusRequestEntityTooLarge, "That is more than this form takes."}
	} else if err != nil {
		return &problem{http.StatusBadRequest, "The form could not be read."}
	}
	return nil
}

// fail answers with an error. What went wrong inside goes to the log, not to people.
func (c *call) fail(err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, pgx.ErrNoRows):
		errors.As(notFound(), &p)
	case c.r.Context().Err() != nil:
		return // nobody is there any more
	default:
		c.log.Error("a request failed", "method", c.r.Method, "route", c.r.Pattern, "error", err)
		p = &problem{http.StatusInternalServerError, "Something went wrong here. Try again in a moment."}
	}
	if isAPI(c.r) {
		writeJSON(c.w, p.status, map[string]string{"error": p.message})
		return
	}
	if err := c.render(p.status, "problem", p.message); err != nil {
		http.Error(c.w, p.message, p.status)
	}
}

// writeJSON answers with one JSON value.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

func (c *call) json(v any) error { return writeJSON(c.w, http.StatusOK, v) }

// id reads a number from the path; what is no number is not found.
func (c *call) id(name string) (int64, error) {
	n, err := strconv.ParseInt(c.r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, notFound()
	}
	return n, nil
}

// number reads a number of the query within bounds; anything else is the fallback.
func (c *call) number(name string, fallback, low, high int) int {
	n, err := strconv.Atoi(c.r.FormValue(name))
	if err != nil || n < low || n > high {
		return fallback
	}
	return n
}

// text reads a field: valid UTF-8 without control characters, at most max characters.
func (c *call) text(name string, max int) (string, error) {
	s := strings.TrimSpace(c.r.FormValue(name))
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > max {
		return "", invalid("A field holds more than " + strconv.Itoa(max) + " characters, or something that is not text.")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, s), nil
}

// see sends the browser to a page after something was done.
func (c *call) see(path string) error {
	http.Redirect(c.w, c.r, path, http.StatusSeeOther)
	return nil
}
