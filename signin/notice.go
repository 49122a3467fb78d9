package signin

import (
	_ "embed"
	"net/http"
	"strings"
	"unicode/utf8"

	"custody"
)

// Notice is the text that a person accepts before the first look and after each
// change: acceptable use, monitoring, criminal liability. Paragraphs are parted by
// empty lines; a line that begins with "- " is an item of a list, one that begins with
// "# " a heading. The zero value is the built-in text for the United Kingdom.
type Notice struct {
	Version string
	Text    string
}

// DefaultVersion is the version of the built-in text.
const DefaultVersion = "uk-2026-1"

//go:embed notice_uk.txt
var defaultNotice string

// DefaultNotice is the built-in text: what is recorded, what is allowed, and which
// sections of United Kingdom law make misuse a crime. It is not legal advice.
func DefaultNotice() Notice { return Notice{DefaultVersion, defaultNotice} }

// maxNotice is the longest notice, in bytes: longer ones are not read by anybody.
const maxNotice = 32 << 10

func (n *Notice) complete() error {
	if n.Text == "" && n.Version == "" {
		*n = DefaultNotice()
	}
	if n.Version == "" || len(n.Version) > 40 || strings.TrimSpace(n.Text) == "" || len(n.Text) > maxNotice || !utf8.ValidString(n.Text+n.Version) {
		return custody.E(custody.CodeInvalid, "the notice needs a version and a text", "a version of at most 40 characters, a text of at most 32 KiB; leave both out for the built-in one")
	}
	return nil
}

// block is a part of a notice: a heading, a paragraph or a list.
type block struct {
	Heading string
	Text    string
	Items   []string
}

// blocks reads the text's few marks.
func (n *Notice) blocks() []block {
	var list []block
	for _, part := range strings.Split(strings.ReplaceAll(n.Text, "\r\n", "\n"), "\n\n") {
		lines := strings.Split(strings.TrimSpace(part), "\n")
		switch {
		case lines[0] == "":
		case strings.HasPrefix(lines[0], "# "):
			list = append(list, block{Heading: strings.TrimPrefix(strings.Join(lines, " "), "# ")})
		case strings.HasPrefix(lines[0], "- "):
			list = append(list, block{Items: items(lines)})
		default:
			list = append(list, block{Text: strings.Join(lines, " ")})
		}
	}
	return list
}

func items(lines []string) []string {
	var list []string
	for _, l := range lines {
		if item, ok := strings.CutPrefix(l, "- "); ok {
			list = append(list, item)
		} else {
			list[len(list)-1] += " " + strings.TrimSpace(l)
		}
	}
	return list
}

func (d *Door) noticePage(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	d.page(w, r, http.StatusOK, "notice", view{Title: "Before you look at customers", Who: v.sess, Next: next(r),
		Data: map[string]any{"Blocks": d.o.Notice.blocks(), "Version": d.o.Notice.Version, "Accepted": v.accepted.Load()}})
}

// acceptNotice writes the acceptance down before anything can be seen. The version on
// the form must be the one in force: who read an older text reads the new one.
func (d *Door) acceptNotice(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	if r.PostFormValue("version") != d.o.Notice.Version || r.PostFormValue("accept") != "yes" {
		http.Redirect(w, r, d.link("notice", next(r)), http.StatusSeeOther)
		return
	}
	if err := d.id.AcceptNotice(v.sess, d.o.Notice.Version, d.o.Notice.Text); err != nil {
		d.fail(w, r, err)
		return
	}
	v.accepted.Store(true)
	d.o.Log.Info("the notice was accepted", "session", v.sess.ID, "version", d.o.Notice.Version)
	http.Redirect(w, r, next(r), http.StatusSeeOther)
}
