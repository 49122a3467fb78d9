package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// whoSaw: a customer asks.
func (d *demo) whoSaw() error {
	d.title("9. Customer 4711 asks who has seen his data. One answer, for the portal and SQL")
	out, err := d.custody("ledger", "who-saw", "--system", "bodyshop", "--subject", "4711")
	if err != nil {
		return err
	}
	d.indent(out, 28)
	return expect(strings.Contains(out, alice) && strings.Contains(out, carol) && strings.Contains(out, "88123") && !strings.Contains(out, dave) &&
		strings.Contains(out, "page") && strings.Contains(out, "query"), "who-saw printed %q", out)
}

// complaints: three customers are called by strangers.
func (d *demo) complaints() error {
	three := d.lateOnes()
	d.title("10. Customers " + strings.Join(three[:2], ", ") + " and " + three[2] + " complain of nuisance calls. Who had their numbers?")
	args := []string{"ledger", "complaints", "--system", "bodyshop"}
	for _, id := range three {
		args = append(args, "--subject", id)
	}
	out, err := d.custody(args...)
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return expect(strings.Contains(out, dave) && strings.Contains(out, "3 of 3") && !strings.Contains(out, alice), "complaints printed %q", out)
}

// lateOnes are three of Dave's customers whom the download that broke off did not reach.
func (d *demo) lateOnes() []string {
	ids := make([]int, len(d.seen))
	for i, s := range d.seen {
		ids[i], _ = strconv.Atoi(s)
	}
	slices.Sort(ids)
	var list []string
	for _, id := range ids[len(ids)-3:] {
		list = append(list, strconv.Itoa(id))
	}
	return list
}

// offline: the take-down switch.
func (d *demo) offline() error {
	d.title("11. One command takes the portal offline for everybody; a second person brings it back")
	if _, err := d.custody("portal", "down", "--system", "bodyshop", "--reason", "Customers report calls. We are looking into it.", "--by", alice); err != nil {
		return err
	}
	p, err := d.until(http.StatusServiceUnavailable)
	if err != nil {
		return err
	}
	d.say("     every page: %s", p.message())
	if out, err := d.quiet("portal", "up", "--system", "bodyshop", "--by", alice); err == nil {
		return expect(false, "the same person brought it back: %s", out)
	}
	if _, err := d.custody("portal", "up", "--system", "bodyshop", "--by", carol); err != nil {
		return err
	}
	p, err = d.until(http.StatusOK)
	if err == nil {
		d.say("     Alice is at %s again, without signing in anew.", p.path)
	}
	return err
}

// until opens the board until it is answered so, for two seconds.
func (d *demo) until(status int) (p page, err error) {
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if p, err = d.browser.open(d.ctx, "/board"); err != nil || p.status == status {
			return p, err
		}
		if time.Now().After(end) {
			return p, expect(false, "the board is answered with %d: %s", p.status, p.message())
		}
	}
}

// prove: what a third party can check.
func (d *demo) prove() error {
	d.title("12. Anyone can check it, offline, with the public key alone")
	if err := d.awaitCheckpoint(); err != nil {
		return err
	}
	extract := filepath.Join(d.root, "subject-4711.extract")
	_ = os.Remove(extract)
	if out, err := d.custody("ledger", "extract", "--system", "bodyshop", "--subject", "4711", "--out", extract); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	out, err := d.custody("ledger", "verify", "--extract", extract)
	if err != nil {
		return err
	}
	d.indent(out, 6)
	out, err = d.custody("ledger", "verify")
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return d.forge(extract)
}

// awaitCheckpoint waits until the gate has signed what happened so far.
func (d *demo) awaitCheckpoint() error {
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case <-time.After(1500 * time.Millisecond): // the gate signs every second
		return nil
	}
}

// forge changes one byte of the extract, and the check must notice.
func (d *demo) forge(extract string) error {
	b, err := os.ReadFile(extract)
	if err != nil {
		return err
	}
	i := len(b) / 2
	b[i] ^= 1
	forged := extract + ".forged"
	if err := os.WriteFile(forged, b, 0o600); err != nil {
		return err
	}
	out, err := d.quiet("ledger", "verify", "--extract", forged)
	d.say("   the same with one bit changed:")
	d.indent(out, 3)
	return expect(err != nil, "a forged extract was accepted: %q", out)
}

// summary says what to try next.
func (d *demo) summary() error {
	d.title(fmt.Sprintf("Done in %.0f s. Everything above was checked as it happened.", time.Since(d.began).Seconds()))
	if d.once {
		return nil
	}
	code, err := d.enrol(you, false)
	if err != nil {
		return err
	}
	l := d.logins[alice]
	host, port, _ := strings.Cut(d.address, ":")
	d.say(`
Everything stays up. The portal, in a browser on this machine:

  %s
      as %s, password "%s";
      in place of the app's code one of these, once each: %s
  %s/.custody/enrol?code=%s
      to set up a sign-in of your own, with a passkey or an app

  %s
      the console, where Lena watches: sign in as %s, password "%s",
      code: %s

  As Alice: try Export CSV; a customer's email and address; page through the customers; the
  portal's own %s/login. Then see it in the ledger, in another terminal:

  export CUSTODY_DIR=%s PATH=%s:$PATH
  custody ledger saw --person %s --since 1h
  custody ledger who-saw --system bodyshop --subject 4711
  custody portal down --system bodyshop --reason "trying it" --by %s
  custody portal up --system bodyshop --by %s
  custody person leave %s      # watch the browser

And psql:

  PGPASSWORD=%s psql "host=%s port=%s user=%s dbname=bodyshop sslmode=require"

Ctrl-C ends it.`, d.portal, alice, l.password, strings.Join(l.recovery[:3], " "), d.portal, code,
		d.console, lena, d.logins[lena].password, strings.Join(d.logins[lena].recovery[:3], " "), d.portal,
		d.dir, filepath.Dir(d.binary), alice, alice, carol, alice, d.tokens[alice], host, port, alice)
	return nil
}
