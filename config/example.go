package config

import (
	_ "embed"
	"strconv"
	"strings"
)

// Example is custody.yaml with every key explained and at its default.
//
//go:embed custody.example.yaml
var Example string

// New gives the text of the custody.yaml of a new working directory: the example
// with the listener, the ledger's name and the certificate's names filled in.
func New(listen, origin string, names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = plainOrQuoted(n)
	}
	return strings.NewReplacer(
		"\nlisten: 127.0.0.1:6432\n", "\nlisten: "+plainOrQuoted(listen)+"\n",
		"\n  origin: custody\n", "\n  origin: "+plainOrQuoted(origin)+"\n",
		"\n  names: [localhost, 127.0.0.1]\n", "\n  names: ["+strings.Join(quoted, ", ")+"]\n",
	).Replace(Example)
}

// plainOrQuoted writes a string that YAML reads back as the same string.
func plainOrQuoted(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:", r) {
			return strconv.Quote(s)
		}
	}
	if s == "" || strings.HasPrefix(s, "-") || strings.HasPrefix(s, ":") || strings.HasSuffix(s, ":") {
		return strconv.Quote(s)
	}
	return s
}
