package upstream

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"custody"
)

// Form is the application's own sign-in page.
type Form struct {
	// Path is where the page is, like /login. With a query, like /?pgsql=db, the page
	// shares its path with the rest of the application.
	Path          string
	UserField     string
	PasswordField string
	// Cookie must be set after a sign-in that succeeded. Empty: success is an answer
	// that neither leads back to the page nor shows it again.
	Cookie string
}

// maxForm is the longest sign-in page, in bytes.
const maxForm = 1 << 20

// at says whether a path is that of the sign-in page alone, however it is written.
func (f *Form) at(p string) bool { return f.Path != "" && !f.shared() && Plain(p) == Plain(f.Path) }

func (f *Form) shared() bool { return strings.Contains(f.Path, "?") }

// At says whether a path is that of the sign-in page, however it is written.
func (s *SignIn) At(p string) bool { return s.Kind == FormKind && s.Form.at(p) }

// Plain writes a decoded path as routers may read it: clean, in lower case, without
// parameters of segments and a slash at its end.
func Plain(p string) string {
	if plain(p) {
		return p
	}
	p = strings.ToLower(strings.ReplaceAll(p, `\`, "/"))
	parts := strings.Split(p, "/")
	for i, part := range parts {
		parts[i], _, _ = strings.Cut(part, ";")
	}
	return path.Clean("/" + strings.Join(parts, "/"))
}

// plain says whether a path is written so already, as nearly all are.
func plain(p string) bool {
	if p == "" || p[0] != '/' || len(p) > 1 && p[len(p)-1] == '/' {
		return false
	}
	for i := range len(p) {
		switch c := p[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-':
		case c == '/' || c == '.':
			if i > 0 && p[i-1] == '/' {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// fill signs in with the page: it is read for its form, its hidden fields (the token
// against forged requests among them) are sent along, and the cookies are kept.
func (a *Account) fill(ctx context.Context, secret string) error {
	user, password, err := userPassword(secret)
	if err != nil {
		return err
	}
	a.Jar.Clear()
	at, text, _, err := a.visit(ctx, http.MethodGet, a.in.Form.Path, nil)
	if err != nil {
		return err
	}
	action, fields, ok := findForm(text, a.in.Form.PasswordField)
	if !ok {
		return custody.E(custody.CodeUnavailable, "the application's sign-in page has no form with the configured fields",
			"compare portal.sign_in.form in custody.yaml with the page; user_field and password_field are the inputs' names")
	}
	fields.Set(a.in.Form.UserField, user)
	fields.Set(a.in.Form.PasswordField, password)
	to, err := at.Parse(action)
	if err != nil || to.Host != at.Host || to.Scheme != at.Scheme {
		return custody.E(custody.CodeUnavailable, "the application's sign-in form sends passwords elsewhere", "check the application: it may have been tampered with")
	}
	end, text, status, err := a.visit(ctx, http.MethodPost, to.RequestURI(), fields)
	if err != nil {
		return err
	}
	if _, _, again := findForm(text, a.in.Form.PasswordField); again || a.in.Form.at(end.Path) && status == http.StatusOK || status >= 400 || !a.has(a.in.Form.Cookie) {
		return custody.E(custody.CodeUnavailable, "the application did not accept the gate's sign-in",
			"set the credential anew: custody portal credential SYSTEM; the application may also have locked the account")
	}
	return nil
}

func (a *Account) has(name string) bool {
	a.Jar.mu.Lock()
	defer a.Jar.mu.Unlock()
	for i := range a.Jar.cookies {
		if a.Jar.cookies[i].name == name {
			return true
		}
	}
	return name == ""
}

// visit asks for a page and follows the application's own redirects, as a browser
// would after a sign-in.
func (a *Account) visit(ctx context.Context, method, target string, fields url.Values) (at *url.URL, text string, status int, err error) {
	for range 6 {
		if at, err = a.o.Self().Parse(target); err != nil {
			break
		}
		r := &Request{Method: method, Target: at.RequestURI(), Host: a.o.Self().Host, Header: http.Header{"Accept": {"text/html"}}}
		if method == http.MethodPost {
			encoded := fields.Encode()
			r.Body, r.Length = strings.NewReader(encoded), int64(len(encoded))
			base := a.o.Self().Scheme + "://" + a.o.Self().Host
			r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
			r.Header["Origin"], r.Header["Referer"] = []string{base}, []string{base + a.in.Form.Path}
		}
		r.Cookie = string(a.Jar.Append(nil, at.Path))
		resp, err := a.o.Do(ctx, r)
		if err != nil {
			return nil, "", 0, err
		}
		a.Jar.Keep(resp.Header["Set-Cookie"], at.Path, nil)
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxForm))
		resp.Body.Close()
		if err != nil {
			return nil, "", 0, err
		}
		to := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || to == "" {
			return at, string(b), resp.StatusCode, nil
		}
		next, err := at.Parse(to)
		if err != nil || next.Host != at.Host && next.Host != a.o.URL().Host {
			return at, "", resp.StatusCode, nil // led elsewhere, which is not the page again
		}
		method, target, fields = http.MethodGet, next.RequestURI(), nil
	}
	return nil, "", 0, custody.E(custody.CodeUnavailable, "the application's sign-in leads back to itself again and again", "check portal.sign_in in custody.yaml")
}

// findForm finds the form that has a field, and gives where it is sent
// and the fields that it holds already.
func findForm(text, field string) (action string, fields url.Values, found bool) {
	z := html.NewTokenizer(strings.NewReader(text))
	choice := "" // the select that is open
	for {
		switch z.Next() {
		case html.ErrorToken:
			return action, fields, found
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch {
			case t.Data == "form":
				if found {
					return action, fields, true
				}
				action, fields = attribute(t, "action"), url.Values{}
			case t.Data == "select" && fields != nil:
				choice = attribute(t, "name")
			case t.Data == "option" && choice != "" && (!fields.Has(choice) || has(t, "selected")):
				fields.Set(choice, attribute(t, "value")) // the first, unless another is chosen
			case t.Data == "input" && fields != nil:
				name := attribute(t, "name")
				if name == field {
					found = true
				}
				if kind := strings.ToLower(attribute(t, "type")); name != "" && kind != "submit" && kind != "button" && kind != "checkbox" && kind != "radio" {
					fields.Set(name, attribute(t, "value"))
				}
			}
		case html.EndTagToken:
			switch name, _ := z.TagName(); {
			case string(name) == "form" && found:
				return action, fields, true
			case string(name) == "select":
				choice = ""
			}
		}
	}
}

func has(t html.Token, name string) bool {
	return slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
