package portalcheck

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"custody/doctor"
)

// left is a file that installations leave behind, and what shows that it is one.
type left struct {
	path     string
	sign     *regexp.Regexp
	severity doctor.Severity
}

var packed = regexp.MustCompile(`^(PK\x03\x04|\x1f\x8b|SQLite format 3)`)
var dumped = regexp.MustCompile(`(?i)(create table|insert into|pg_dump|mysql dump|copy .{1,100} from stdin)`)

var leftBehind = []left{
	{"/.git/HEAD", regexp.MustCompile(`^(ref: refs/|[0-9a-f]{40}\n)`), doctor.Critical},
	{"/.env", regexp.MustCompile(`(?m)^[A-Z][A-Z0-9_]{2,}=`), doctor.Critical},
	{"/backup.zip", packed, doctor.Critical},
	{"/backup.tar.gz", packed, doctor.Critical},
	{"/backup.sql", dumped, doctor.Critical},
	{"/dump.sql", dumped, doctor.Critical},
	{"/database.sqlite", packed, doctor.Critical},
	{"/.svn/entries", regexp.MustCompile(`^(12|10|9|8)\n`), doctor.Serious},
	{"/.htpasswd", regexp.MustCompile(`(?m)^[^:\s<]{1,64}:[$A-Za-z0-9./{]{10,}`), doctor.Critical},
	{"/.DS_Store", regexp.MustCompile(`^\x00\x00\x00\x01Bud1`), doctor.Warning},
	{"/phpinfo.php", regexp.MustCompile(`<title>.{0,20}phpinfo\(\)`), doctor.Serious},
	{"/server-status", regexp.MustCompile(`Apache Server Status`), doctor.Serious},
	{"/actuator/env", regexp.MustCompile(`"propertySources"`), doctor.Critical},
	{"/debug/pprof/", regexp.MustCompile(`(?i)/debug/pprof/.*goroutine|goroutine.*heap`), doctor.Serious},
	{"/debug/vars", regexp.MustCompile(`"memstats"`), doctor.Serious},
	{"/web.config", regexp.MustCompile(`<configuration>`), doctor.Serious},
}

// checkFiles asks for a short list of names and believes what the files hold only:
// some portals answer every address with a page.
func (e *exam) checkFiles(ctx context.Context) error {
	v := e.web.visitor()
	for _, f := range leftBehind {
		a, err := v.once(ctx, http.MethodGet, e.at(f.path), nil, nil)
		if err != nil {
			return err
		}
		if a.status == http.StatusOK && f.sign.Match(a.body[:min(len(a.body), 64<<10)]) {
			e.found(f.severity, f.path, "anybody can read "+f.path, "take it away, and everything else that is not the application's; what it held is known now")
		}
	}
	return nil
}

func (e *exam) at(path string) *url.URL {
	return &url.URL{Scheme: e.URL.Scheme, Host: e.URL.Host, Path: path}
}

var listed = regexp.MustCompile(`(?i)<title>\s*(index of /|directory listing)|<h1>\s*(index of /|directory listing)|^\s*(<!doctype html>\s*<meta[^>]*>\s*)*<pre>\s*(<a href="[^"]+">[^<]+</a>\s*)+</pre>`)

// maxFolders is how many folders are looked at.
const maxFolders = 8

func (e *exam) checkListing(ctx context.Context) error {
	folders := e.public.folders()
	for _, dir := range folders[:min(len(folders), maxFolders)] {
		a, err := e.web.visitor().get(ctx, e.at(dir))
		if err != nil {
			return err
		}
		if a.status == http.StatusOK && listed.Match(a.body[:min(len(a.body), 64<<10)]) {
			e.found(doctor.Warning, dir, "the folder "+dir+" shows what is in it", "switch lists of folders off")
		}
	}
	return nil
}

// internals are what pages of errors show of programs.
var internals = []struct {
	what string
	sign *regexp.Regexp
}{
	{"a stack", regexp.MustCompile(`Traceback \(most recent call last\)|goroutine \d+ \[|\bat [\w$.]+\([\w$]+\.(java|kt|cs|scala):\d+\)|\bat .{1,200}\.js:\d+:\d+|#\d+ /[\w/.-]+\.php\(\d+\)|System\.[A-Z]\w+Exception|stack trace:`)},
	{"a database's message", regexp.MustCompile(`SQLSTATE|syntax error at or near|unterminated quoted string|You have an error in your SQL syntax|ORA-\d{5}|ODBC SQL Server Driver|SQLite3?::|pq: |invalid input syntax for`)},
	{"the path of a file", regexp.MustCompile(`(/home/|/var/www/|/usr/(local|lib|share)/|/srv/|/opt/)[\w./-]{3,}|[A-Z]:\\(inetpub|Users|Windows|Program Files)\\`)},
	{"a program's message", regexp.MustCompile(`(Fatal error|Warning|Notice|Parse error)</?b?>?: .{1,300} on line|Werkzeug Debugger|DEBUG = True|Whoops, looks like something went wrong|Laravel|Symfony Exception`)},
}

// checkErrors asks for what is not there and for what cannot be understood.
func (e *exam) checkErrors(ctx context.Context) error {
	v := e.web.visitor()
	ask := []*url.URL{e.at("/" + rand.Text()), e.at("/%"), e.at("/'\"<")}
	odd := *e.URL
	odd.RawQuery = "id=%27%22%3C&page=-1x&q=%ff"
	ask = append(ask, &odd)
	if err := e.askOddly(ctx, v, ask); err != nil || e.in == nil {
		return err
	}
	return e.askOddly(ctx, e.in, e.oddObjects())
}

// oddObjects are addresses of records with something else than a number in them.
func (e *exam) oddObjects() (list []*url.URL) {
	known := map[string]bool{}
	for _, l := range e.inside.links {
		if s := shape(l.url); number.MatchString(l.url.Path) && !known[s] && len(list) < 5 && !changes.MatchString(l.url.String()) {
			known[s] = true
			u := *l.url
			u.Path, u.RawPath = number.ReplaceAllString(u.Path, "0'x"), ""
			list = append(list, &u)
		}
	}
	return list
}

func (e *exam) askOddly(ctx context.Context, v *visitor, ask []*url.URL) error {
	for _, u := range ask {
		a, err := v.once(ctx, http.MethodGet, u, nil, nil)
		if err != nil {
			return err
		}
		for _, x := range internals {
			if a.status >= 400 && x.sign.Match(a.body) {
				e.found(doctor.Warning, x.what, "a page of an error shows "+x.what, "show a plain page, and write the rest into a log that only administrators read")
			}
		}
		if a.status >= 500 {
			e.found(doctor.Note, "status", "a question that cannot be understood is answered with "+strings.ToLower(http.StatusText(a.status)), "answer 400 or 404: an error of the server's own hides real ones")
		}
	}
	return nil
}
