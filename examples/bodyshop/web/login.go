package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"custody/examples/bodyshop"
)

// account is a shared login.
type account struct {
	ID           int
	Login        string
	Organisation int
	Firm         string // the organisation's name
	Branch       int    // 0 at a head office
	BranchName   string
}

// loginCookie holds the token of the sign-in form, for which there is no session yet.
const loginCookie = "login"

// loginForm is what the sign-in page shows.
type loginForm struct {
	Token, User, Next, Message string
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	s.showLogin(w, http.StatusOK, loginForm{Next: r.FormValue("next")})
}

func (s *Server) showLogin(w http.ResponseWriter, status int, f loginForm) {
	f.Token = rand.Text()
	f.Next = localPath(f.Next)
	http.SetCookie(w, &http.Cookie{Name: loginCookie, Value: f.Token, Path: "/login", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	if err := s.views.render(w, status, "login", view{Page: f}); err != nil {
		s.log.Error("the sign-in page failed", "error", err)
	}
}

// login checks the form and opens a session. It does not count how often it is tried.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	f := loginForm{User: strings.TrimSpace(r.PostFormValue("user")), Next: r.PostFormValue("next")}
	cookie, err := r.Cookie(loginCookie)
	if err != nil || !same(cookie.Value, r.PostFormValue("csrf")) {
		f.Message = "The form was out of date. Please try again."
		s.showLogin(w, http.StatusForbidden, f)
		return
	}
	a, err := s.accountOf(r.Context(), f.User, r.PostFormValue("password"))
	if errors.Is(err, pgx.ErrNoRows) {
		f.Message = "The user name or the password is wrong."
		s.showLogin(w, http.StatusUnauthorized, f)
		return
	} else if err != nil {
		s.log.Error("sign-in failed", "error", err)
		http.Error(w, "Something went wrong here. Try again in a moment.", http.StatusInternalServerError)
		return
	}
	s.sessions.open(w, a)
	http.Redirect(w, r, localPath(f.Next), http.StatusSeeOther)
}

// accountOf gives the account of a login, or pgx.ErrNoRows when login or password is
// wrong.
func (s *Server) accountOf(ctx context.Context, login, password string) (a account, err error) {
	if len(login) > 100 || len(password) > 200 || strings.ContainsRune(login, 0) || !utf8.ValidString(login) {
		return a, pgx.ErrNoRows
	}
	var hash string
	err = s.pool.QueryRow(ctx, `SELECT w.id, w.login, w.password, o.id, o.name, coalesce(b.id, 0), coalesce(b.name, '')
		FROM web_accounts w JOIN organisations o ON o.id = w.organisation_id LEFT JOIN branches b ON b.id = w.branch_id
		WHERE w.login = lower($1)`, login).Scan(&a.ID, &a.Login, &hash, &a.Organisation, &a.Firm, &a.Branch, &a.BranchName)
	if err == nil && !bodyshop.PasswordMatches(hash, password) {
		err = pgx.ErrNoRows
	}
	return a, err
}

func (s *Server) logout(c *call) error {
	c.sessions.close(c.w, c.r)
	return c.see("/login")
}

// localPath lets a redirect go to a page of this site only.
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") || strings.HasPrefix(s, "/login") || len(s) > 2000 {
		return "/"
	}
	return s
}
