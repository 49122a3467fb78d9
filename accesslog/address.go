package accesslog

import (
	"net/url"
	"slices"
	"strings"
)

// ofCustomers are words behind which a web address has a customer's number, whole or as
// the beginning of a word of the path.
var ofCustomers = []string{"customer", "client", "claim", "estimate", "job", "case", "record", "subject", "person", "contact", "member", "patient", "policy", "account", "kunde", "vehicle", "repair", "file"}

// inAddress gives the customer's number in the address of a page: a parameter whose name
// says so, or what stands in the path behind a word of ours. Pages of no customer have none.
func inAddress(request string) string {
	if method, rest, ok := strings.Cut(request, " "); ok && !strings.ContainsAny(method, "/?") {
		request, _, _ = strings.Cut(rest, " ")
	}
	at, query, _ := strings.Cut(request, "?")
	if v := inQuery(query, func(name string) bool { return name != "id" && slices.Contains(names[Subject], name) }); v != "" {
		return v
	}
	parts := strings.Split(at, "/")
	found, ours := "", false
	for i, p := range parts {
		ours = ours || customerWord(p)
		if i > 0 && customerWord(parts[i-1]) && isKey(p) {
			found = p
		}
	}
	if found == "" && ours {
		found = inQuery(query, func(name string) bool { return strings.HasSuffix(name, "id") || strings.HasSuffix(name, "no") })
	}
	if text, err := url.PathUnescape(found); err == nil {
		return text
	}
	return found
}

func inQuery(query string, is func(string) bool) string {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && is(plain(name)) {
			if text, err := url.QueryUnescape(value); err == nil {
				return text
			}
			return value
		}
	}
	return ""
}

func customerWord(part string) bool {
	p := strings.ToLower(part)
	return slices.ContainsFunc(ofCustomers, func(w string) bool { return strings.HasPrefix(p, w) })
}

// isKey says whether a part of a path may be a key: it has a digit, and no ending of a file.
func isKey(part string) bool {
	return strings.ContainsAny(part, "0123456789") && !strings.Contains(part, ".")
}

// isAddress says whether a value is one.
func isAddress(v string) bool {
	if method, rest, ok := strings.Cut(v, " "); ok && !strings.Contains(method, "/") {
		v = rest
	}
	return strings.HasPrefix(v, "/") || strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://")
}
