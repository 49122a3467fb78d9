package upstream

import "testing"

func TestSends(t *testing.T) {
	group := &SignIn{Kind: FormKind, Form: Form{Path: "/?pgsql=db", UserField: "auth[username]", PasswordField: "auth[password]"}}
	plain := &SignIn{Kind: FormKind, Form: Form{Path: "/?login", UserField: "user", PasswordField: "password"}}
	const form, parts = "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data; boundary=x"
	for _, c := range []struct {
		in         *SignIn
		kind, body string
		want       bool
	}{
		{group, form, "a=1&auth%5Bpassword%5D=x", true}, {group, form, "auth[server]=elsewhere", true}, {group, form, "%20+auth%5bdriver]=x", true},
		{group, form, "note=auth[password]", false}, {group, form, "%zz=1&author=x", true}, {group, form, "query=select+1", false},
		{group, parts, "--x\r\nContent-Disposition: form-data; name=AUTH[password]\r\n", true}, {group, parts, "--x\r\nname=\"query\"", false},
		{plain, form, "password=x", true}, {plain, form, "pass%77ord=x", true}, {plain, form, "passwords=x", false}, {plain, form, "p%=1&password", true},
	} {
		if got := c.in.Sends(c.kind, []byte(c.body)); got != c.want {
			t.Errorf("%q: %v", c.body, got)
		}
	}
	if !group.Shared() || (&SignIn{Kind: FormKind, Form: Form{Path: "/login"}}).Shared() || group.At("/") {
		t.Error("which page has a path of its own")
	}
}

func FuzzSends(f *testing.F) {
	in := &SignIn{Kind: FormKind, Form: Form{Path: "/?a", PasswordField: "auth[password]"}}
	f.Add("application/x-www-form-urlencoded", []byte("auth%5Bpassword%5D=x&%"))
	f.Add("multipart/form-data", []byte("name=auth[password]"))
	f.Fuzz(func(_ *testing.T, kind string, form []byte) { in.Sends(kind, form) })
}
