package web

import (
	"crypto/rand"
	"net/http"
	"unicode/utf8"

	"custody/examples/bodyshop"
)

// accountPage shows whose login this is and lets whoever knows it change the password.
func (s *Server) accountPage(c *call) error { return c.page("account", "") }

// changePassword asks for little, as such portals do: six characters.
func (s *Server) changePassword(c *call) error {
	current, next := c.r.PostFormValue("current"), c.r.PostFormValue("new")
	if next != c.r.PostFormValue("again") {
		return c.render(http.StatusUnprocessableEntity, "account", "The new password was not typed the same twice.")
	}
	if n := utf8.RuneCountInString(next); n < 6 || len(next) > 200 {
		return c.render(http.StatusUnprocessableEntity, "account", "The new password needs 6 characters at least, and 200 at most.")
	}
	if _, err := s.accountOf(c.r.Context(), c.session.account.Login, current); err != nil {
		return c.render(http.StatusUnprocessableEntity, "account", "The present password is wrong.")
	}
	return c.changed("/account", "UPDATE web_accounts SET password = $2 WHERE id = $1", c.session.account.ID, bodyshop.HashPassword(next, rand.Text()))
}
