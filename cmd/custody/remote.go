package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// remote is a server elsewhere that the command line asks.
type remote struct {
	server, tokenFile, authority string
}

// remoteCommands are those that a server elsewhere can answer, by what they ask there.
func (a *app) remoteCommands() map[string]func(*cobra.Command, []string) error {
	all := map[string]func(*cobra.Command, []string) error{
		"custody ledger who-saw": a.remoteWhoSaw, "custody ledger saw": a.remoteSaw, "custody ledger checkpoint": a.remoteCheckpoint,
		"custody ledger verify": a.remoteVerify, "custody subject erase": a.remoteErase,
		"custody request new": a.remoteRequest, "custody request list": a.remoteRequests, "custody request withdraw": a.remoteVerdict("withdraw"),
		"custody request approve": a.remoteVerdict("approve"), "custody request decline": a.remoteVerdict("decline"),
	}
	for _, more := range []map[string]func(*cobra.Command, []string) error{a.remotePeopleCommands(), a.remoteRightsCommands(), a.remoteWatchCommands(), a.remoteRegisterCommands(), a.remoteDeskCommands(), a.remoteCanaryCommands()} {
		maps.Copy(all, more)
	}
	return all
}

// remoteReasons are commands to which a server elsewhere needs a reason, which the same
// command on a working directory does not take.
var remoteReasons = []string{"custody ledger who-saw", "custody grant add", "custody grant end", "custody subject erase", "custody ledger extract"}

// registerRemote lets every command know of --server: those that can ask there do.
func (a *app) registerRemote(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.remote.server, "server", os.Getenv("CUSTODY_SERVER"), "ask the console of a server elsewhere: its `address`; $CUSTODY_SERVER if set")
	f.StringVar(&a.remote.tokenFile, "token-file", os.Getenv("CUSTODY_TOKEN_FILE"), "a `file` with a personal token for --server; $CUSTODY_TOKEN_FILE if set")
	f.StringVar(&a.remote.authority, "server-ca", "", "a `file` with the authority of the server's certificate, as keys/ca.crt")
	a.wrapRemote(root, a.remoteCommands())
}

func (a *app) wrapRemote(cmd *cobra.Command, known map[string]func(*cobra.Command, []string) error) {
	for _, sub := range cmd.Commands() {
		a.wrapRemote(sub, known)
	}
	if cmd.RunE == nil || isGroup(cmd) || slices.Contains(anywhere, cmd.CommandPath()) {
		return
	}
	here, there := cmd.RunE, known[cmd.CommandPath()]
	if slices.Contains(remoteReasons, cmd.CommandPath()) && cmd.Flags().Lookup("reason") == nil {
		cmd.Flags().String("reason", "", "with --server: why, for the record there")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case a.remote.server == "" || onFiles(cmd):
			return here(cmd, args)
		case there == nil:
			return custody.E(custody.CodeUnsupported, cmd.CommandPath()+" works on a working directory, not through --server", onlyThere(cmd.CommandPath()))
		}
		return there(cmd, args)
	}
}

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 32 << 20

// call asks the server. out may be nil.
func (a *app) call(method, path string, body, out any) error {
	return a.fetch(method, path, body, func(r io.Reader) error {
		if out == nil {
			return nil
		}
		if err := json.NewDecoder(io.LimitReader(r, maxAnswer)).Decode(out); err != nil {
			return custody.E(custody.CodeUnavailable, "the server's answer cannot be read", "compare what custody version prints here and there: both should be the same")
		}
		return nil
	})
}

// download asks the server for a file, however long it is, and writes it.
func (a *app) download(method, path string, body any, w io.Writer) error {
	return a.fetch(method, path, body, func(r io.Reader) error {
		if _, err := io.Copy(w, r); err != nil {
			return &custody.Error{Code: custody.CodeUnavailable, Message: "the file broke off", Hint: "ask again; check free space here", Err: err}
		}
		return nil
	})
}

// fetch asks the server and gives its answer to read.
func (a *app) fetch(method, path string, body any, read func(io.Reader) error) error {
	client, token, err := a.client()
	if err != nil {
		return err
	}
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	key := rand.Text()
	resp, err := a.send(client, token, method, path, text, key)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		resp, err = a.send(client, token, method, path, text, key) // under the same key: it is done once
	}
	if custody.CodeOf(err) == custody.CodeInvalid {
		return err
	}
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the server cannot be reached", Hint: "check --server, and --server-ca if its certificate is its own", Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var p console.Problem
		if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p) != nil || p.Title == "" {
			return custody.E(custody.CodeUnavailable, "the server answered "+resp.Status, "is this the address of a console?")
		}
		return custody.E(codeNamed(p.Code), p.Title, p.Detail)
	}
	return read(resp.Body)
}

// send asks once.
func (a *app) send(client *http.Client, token, method, path string, body []byte, key string) (*http.Response, error) {
	r, err := http.NewRequest(method, strings.TrimSuffix(a.remote.server, "/")+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "--server is not an address", "write https://host:port")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if method != http.MethodGet {
		r.Header.Set("Idempotency-Key", key)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return client.Do(r)
}

// remoteItems asks for a whole list, part by part.
func remoteItems[T any](a *app, path string, q url.Values) ([]T, error) {
	if q == nil {
		q = url.Values{}
	}
	q.Set("limit", "500")
	rows := []T{}
	for {
		var p struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		if err := a.call(http.MethodGet, path+"?"+q.Encode(), nil, &p); err != nil {
			return nil, err
		}
		rows = append(rows, p.Items...)
		if p.Next == "" {
			return rows, nil
		}
		q.Set("cursor", p.Next)
	}
}

// remoteList asks for a whole list and prints it.
func remoteList[T any](a *app, path string, q url.Values, none string, columns ...column[T]) error {
	rows, err := remoteItems[T](a, path, q)
	if err != nil {
		return err
	}
	return list(a, rows, none, columns...)
}

// when reads a flag that is a moment; the zero time if it is not given.
func (a *app) when(cmd *cobra.Command, name string) (time.Time, error) {
	t, err := moment(text(cmd, name)).at(a)
	return t.UTC(), err
}

// flagWords reads a flag that is a list.
func flagWords(cmd *cobra.Command, name string) []string {
	if list, err := cmd.Flags().GetStringSlice(name); err == nil {
		return list
	}
	if t := text(cmd, name); t != "" {
		return strings.Split(t, ",")
	}
	return nil
}

// codeNamed finds a code by its name.
func codeNamed(name string) custody.Code {
	for c := range custody.Code(255) {
		if c.String() == name {
			return c
		}
	}
	return custody.CodeInternal
}

// client reads the token, which nobody else may be able to, and makes a client. Without
// TLS it goes to this machine only.
func (a *app) client() (*http.Client, string, error) {
	u, err := url.Parse(a.remote.server)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")) {
		return nil, "", custody.E(custody.CodeInvalid, "--server is not https", "a token must not travel in the clear; http is for localhost only")
	}
	if a.remote.tokenFile == "" {
		return nil, "", custody.E(custody.CodeInvalid, "--token-file is missing", "make a token on the page Tokens for programs, and put it into a file of mode 0600")
	}
	outside := *a
	outside.dir = "."
	token, err := outside.readSecret(a.remote.tokenFile)
	if err != nil {
		return nil, "", err
	}
	t := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	if a.remote.authority != "" {
		pem, err := outside.readFile(a.remote.authority)
		if err != nil {
			return nil, "", err
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, "", custody.E(custody.CodeInvalid, a.remote.authority+" holds no certificate", "it must be in PEM form")
		}
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: t, Timeout: 5 * time.Minute, CheckRedirect: refuse}, strings.TrimSpace(string(token)), nil
}

// text gives a flag's text.
func text(cmd *cobra.Command, name string) string {
	f := cmd.Flags().Lookup(name)
	if f == nil {
		return ""
	}
	return f.Value.String()
}

type lookPage struct {
	Items []console.LookItem `json:"items"`
	Next  string             `json:"next"`
}

func (a *app) remoteWhoSaw(cmd *cobra.Command, _ []string) error {
	who := console.WhoSaw{WhoWhen: console.WhoWhen{Who: console.Who{System: text(cmd, "system"), Key: text(cmd, "subject"), Reason: text(cmd, "reason")}}}
	if who.Reason == "" {
		return usage(cmd, "--reason is missing: the look is recorded under the token's person")
	}
	var err error
	if who.Since, who.Until, err = a.remotePeriod(cmd); err != nil {
		return err
	}
	most, _ := strconv.Atoi(text(cmd, "limit"))
	rows := []eventRow{}
	for {
		var p lookPage
		if err := a.call(http.MethodPost, "who-saw", who, &p); err != nil {
			return err
		}
		for _, i := range p.Items {
			if most == 0 || len(rows) < most {
				rows = append(rows, rowOf(i))
			}
		}
		if who.Cursor = p.Next; p.Next == "" || most != 0 && len(rows) >= most {
			break
		}
	}
	return list(a, rows, "Nobody was shown this customer's data in that time.", a.aboutColumns("SAW", func(r eventRow) string { return changed(r) + r.saw() })...)
}

func (a *app) remoteSaw(cmd *cobra.Command, _ []string) error {
	from, to, err := a.remotePeriod(cmd)
	if err != nil {
		return err
	}
	q := url.Values{"limit": {"500"}}
	if !from.IsZero() {
		q.Set("since", from.UTC().Format(time.RFC3339))
	}
	if !to.IsZero() {
		q.Set("until", to.UTC().Format(time.RFC3339))
	}
	rows := []eventRow{}
	for {
		var p lookPage
		if err := a.call(http.MethodGet, "people/"+url.PathEscape(text(cmd, "person"))+"/looks?"+q.Encode(), nil, &p); err != nil {
			return err
		}
		for _, i := range p.Items {
			rows = append(rows, rowOf(i))
		}
		if p.Next == "" {
			break
		}
		q.Set("cursor", p.Next)
	}
	return list(a, rows, "No customer's data was shown in that time.",
		column[eventRow]{"TIME", func(r eventRow) string { return a.local(r.Time.Time) }, false},
		column[eventRow]{"SYSTEM", func(r eventRow) string { return r.System }, false},
		column[eventRow]{"CUSTOMERS", func(r eventRow) string { return strconv.Itoa(r.Answer) }, false},
		column[eventRow]{"SAW", func(r eventRow) string { return changed(r) + r.saw() }, true},
		column[eventRow]{"REASON", func(r eventRow) string { return r.Reason }, true},
		column[eventRow]{"EVENT", func(r eventRow) string { return number(r.Event) }, false})
}

// remotePeriod reads the flags of a period; each is optional.
func (a *app) remotePeriod(cmd *cobra.Command) (from, to time.Time, err error) {
	p := period{from: moment(text(cmd, "from")), to: moment(text(cmd, "to"))}
	if since := text(cmd, "since"); since != "" {
		if err := p.since.Set(since); err != nil {
			return from, to, usage(cmd, err.Error())
		}
	}
	return p.bounds(a)
}

func rowOf(i console.LookItem) eventRow {
	return eventRow{Event: i.Event, Time: stamp{i.Time}, Kind: i.Kind, Person: i.Login, Name: i.Name, Organisation: i.Organisation, System: i.System,
		Categories: i.Clear, Masked: i.Masked, Session: custody.SessionID(i.Session), Reason: i.Reason, Route: i.Route, Answer: i.Customers}
}

func (a *app) remoteRequest(cmd *cobra.Command, _ []string) error {
	n := console.NewRequest{System: text(cmd, "system"), Reason: text(cmd, "reason")}
	for _, kind := range []string{"more", "export", "see"} {
		if count, _ := strconv.ParseUint(text(cmd, kind), 10, 32); count > 0 {
			n.Kind, n.Subjects = kind, uint32(count)
		}
	}
	if c := text(cmd, "categories"); c != "" {
		n.Categories = strings.Split(c, ",")
	}
	var err error
	if n.Until, err = moment(text(cmd, "until")).at(a); err != nil {
		return err
	}
	var made console.RequestItem
	if err := a.call(http.MethodPost, "requests", n, &made); err != nil {
		return err
	}
	return a.done(made, "Request %d is filed. A manager decides.", made.ID)
}

func (a *app) remoteRequests(cmd *cobra.Command, _ []string) error {
	rows, err := remoteItems[console.RequestItem](a, "requests", nil)
	if err != nil {
		return err
	}
	if text(cmd, "all") != "true" {
		rows = slices.DeleteFunc(rows, func(r console.RequestItem) bool { return r.State != "open" })
	}
	return list(a, rows, "No requests.",
		column[console.RequestItem]{"ID", func(r console.RequestItem) string { return number(r.ID) }, false},
		column[console.RequestItem]{"STATE", func(r console.RequestItem) string { return r.State }, false},
		column[console.RequestItem]{"PERSON", func(r console.RequestItem) string { return r.Name }, false},
		column[console.RequestItem]{"CUSTOMERS", func(r console.RequestItem) string { return strconv.Itoa(int(r.Subjects)) }, false},
		column[console.RequestItem]{"IN", func(r console.RequestItem) string { return r.System }, false},
		column[console.RequestItem]{"UNTIL", func(r console.RequestItem) string { return a.local(r.Until) }, false},
		column[console.RequestItem]{"REASON", func(r console.RequestItem) string { return r.Reason }, true})
}

// remoteVerdict decides, or takes back, as the token's person; --by says nothing there.
func (a *app) remoteVerdict(verdict string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return usage(cmd, "ID is a request's number")
		}
		n, _ := strconv.ParseUint(cmp.Or(text(cmd, "subjects"), "0"), 10, 32)
		var body any = console.Verdict{Subjects: uint32(n), Note: text(cmd, "note")}
		if verdict == "withdraw" {
			body = nil
		}
		if err := a.call(http.MethodPost, "requests/"+strconv.FormatInt(id, 10)+"/"+verdict, body, nil); err != nil {
			return err
		}
		return a.done(map[string]any{"request": id, "verdict": verdict}, "Request %d: done.", id)
	}
}
