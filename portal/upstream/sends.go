package upstream

import (
	"bytes"
	"strconv"
	"strings"
)

// Shared says whether the sign-in page has no path of its own, so that what is sent
// must be looked at: any page of the application may take a password then.
func (s *SignIn) Shared() bool { return s.Kind == FormKind && s.Form.shared() }

// Sends says whether a form that somebody sends holds the password's field, or one of
// the same group: auth[user] with auth[password]. It errs towards yes, because servers
// read forms in more ways than one.
func (s *SignIn) Sends(contentType string, form []byte) bool {
	base, _, group := strings.Cut(s.Form.PasswordField, "[")
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	if strings.TrimSpace(kind) != "application/x-www-form-urlencoded" {
		needle := s.Form.PasswordField
		if group {
			needle = base + "["
		}
		return bytes.Contains(bytes.ToLower(form), []byte(strings.ToLower(needle)))
	}
	for pair := range bytes.SplitSeq(form, []byte("&")) {
		name, _, _ := bytes.Cut(pair, []byte("="))
		word := strings.ToLower(strings.TrimLeft(loosely(name), " \t\r\n\x00"))
		if word == strings.ToLower(s.Form.PasswordField) || group && strings.HasPrefix(word, strings.ToLower(base)) {
			return true
		}
	}
	return false
}

// loosely undoes percent signs and leaves those that say nothing, as servers do.
func loosely(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '+':
			out.WriteByte(' ')
		case b[i] == '%' && i+2 < len(b):
			if v, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out.WriteByte(byte(v))
				i += 2
				continue
			}
			out.WriteByte('%')
		default:
			out.WriteByte(b[i])
		}
	}
	return out.String()
}
