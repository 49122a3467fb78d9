package portalcheck

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"custody/doctor"
)

const (
	// few is how many identifiers a public page may show: a firm's own phone and the
	// address of somebody to ask.
	few = 2
	// many is how many people an answer may hold before it is an export, as the gate
	// has it by default.
	many = 50
	// some is how many people a file may hold before it is told.
	some = 10
)

// checkOpen counts people in what a stranger saw: pages, files, and addresses of
// programs that pages and scripts name.
func (e *exam) checkOpen(context.Context) error {
	for _, a := range e.public.answers {
		n := e.people(a).identifiers()
		data := a.page == nil && a.status == http.StatusOK
		switch {
		case n > few || data && n > 0:
			e.found(doctor.Critical, shape(a.url), fmt.Sprintf("%s shows personal data to anybody who asks", shape(a.url)), "let nobody have it without signing in; find in the log who had it until now: it may have to be notified")
		case n > 0:
			e.found(doctor.Note, shape(a.url), shape(a.url)+" shows a phone or a mail address to everybody", "see that it is the firm's own")
		}
	}
	if e.public.ended != nil {
		return e.public.ended
	}
	return nil
}

// seenByStrangers are the identifiers of public pages.
func (e *exam) seenByStrangers() people {
	all := people{}
	for _, a := range e.public.answers {
		for c, set := range e.people(a) {
			for v := range set {
				all.add(c, v)
			}
		}
	}
	return all
}

// record is an answer from inside that holds personal data.
type record struct {
	*answer
	people people
}

// maxRecords is how many addresses are asked for again.
const maxRecords = 15

// records are what the session saw of people, addresses of single records first, one
// or two of each shape.
func (e *exam) records() (list []record) {
	open := e.seenByStrangers()
	shapes := map[string]int{}
	for _, a := range e.inside.answers {
		if p := e.people(a).less(open); a.status == http.StatusOK && p.number() > 0 && shapes[shape(a.url)] < 2 {
			shapes[shape(a.url)]++
			list = append(list, record{a, p})
		}
	}
	slices.SortStableFunc(list, func(a, b record) int { return rank(a.url) - rank(b.url) })
	return list[:min(len(list), maxRecords)]
}

func rank(u *url.URL) int {
	if number.MatchString(u.Path + u.RawQuery) {
		return 0
	}
	return 1
}

// checkObjects asks for what the session saw, as a stranger and as another account.
func (e *exam) checkObjects(ctx context.Context) error {
	if err := e.needInside(); err != nil {
		return err
	}
	records := e.records()
	if len(records) == 0 {
		return skipped("the test account sees nothing of anybody: give it a customer who is invented")
	}
	var kept []record // from strangers
	for _, r := range records {
		same, err := e.shows(ctx, e.web.visitor(), r)
		if err != nil {
			return err
		}
		if !same {
			kept = append(kept, r)
		} else {
			e.found(doctor.Critical, shape(r.url), shape(r.url)+" shows the same customers without a session", "ask for the session at every address, not only at pages")
		}
	}
	if e.Other == nil || e.login == nil {
		return nil
	}
	other, err := e.signIn(ctx, e.Other)
	if err != nil {
		return err
	}
	for _, r := range kept {
		same, err := e.shows(ctx, other, r)
		if err != nil {
			return err
		}
		if same {
			e.found(doctor.Serious, "other "+shape(r.url), shape(r.url)+" shows the same customers to an account that must not see them", "ask for every record whether this account may see it")
		}
	}
	return nil
}

// shows says whether a visitor gets the people of a record too.
func (e *exam) shows(ctx context.Context, v *visitor, r record) (bool, error) {
	a, err := v.once(ctx, http.MethodGet, r.url, nil, nil)
	if err != nil {
		return false, err
	}
	return a.status == http.StatusOK && e.people(a).shares(r.people), nil
}

// maxExports is how many addresses that look like exports are asked for.
const maxExports = 6

// checkExport takes what the buttons give, as far as it must be read to count people.
func (e *exam) checkExport(ctx context.Context) error {
	if err := e.needInside(); err != nil {
		return err
	}
	for _, a := range e.inside.html() {
		if n := e.people(a).number(); n > many {
			e.found(doctor.Warning, "page "+shape(a.url), fmt.Sprintf("%s shows more than %d people on one page", shape(a.url), many), "show fewer, and count whom an account sees")
		}
		for i := range a.page.forms {
			if f := &a.page.forms[i]; f.method == http.MethodPost && exports.MatchString(f.action.Path+" "+f.text) {
				e.found(doctor.Note, "form "+shape(f.action), "a form looks like an export and was not sent", "try it by hand with the test account")
			}
		}
	}
	asked := 0
	for _, l := range e.inside.links {
		if asked == maxExports || !exports.MatchString(l.url.Path+" "+l.url.RawQuery+" "+l.text) || changes.MatchString(l.url.String()+" "+l.text) {
			continue
		}
		asked++
		if err := e.takeExport(ctx, l.url); err != nil {
			return err
		}
	}
	return nil
}

func (e *exam) takeExport(ctx context.Context, u *url.URL) error {
	a, err := e.in.get(ctx, u)
	if err != nil {
		return err
	}
	n := e.people(a).number()
	switch {
	case a.status >= 300 || a.page != nil && n <= many:
	case n > many:
		e.found(doctor.Critical, shape(u), fmt.Sprintf("an ordinary account takes about %s people away with %s", atLeast(n, a.cut), shape(u)), "let few people export, count what they take, and see who did it until now")
	case n > some:
		e.found(doctor.Warning, shape(u), fmt.Sprintf("an ordinary account takes about %s people away with %s", atLeast(n, a.cut), shape(u)), "let few people export")
	case a.cut && bytes.HasPrefix(a.body, []byte("PK")):
		e.found(doctor.Warning, shape(u), shape(u)+" gives a large file whose people could not be counted", "see what is in it")
	}
	return nil
}

func atLeast(n int, cut bool) string {
	if cut {
		return fmt.Sprintf("%d and more", n)
	}
	return fmt.Sprint(n)
}

// sameWords compares two pages without what names the account or changes each time.
func sameWords(a, b *answer, accounts ...string) bool {
	plain := func(x *answer) string {
		text := strings.ToLower(string(x.text()))
		for _, name := range accounts {
			text = strings.ReplaceAll(text, strings.ToLower(name), "")
		}
		text = volatile.ReplaceAllString(text, "")
		return strings.Join(strings.Fields(text), " ")
	}
	return a.status == b.status && a.url.Path == b.url.Path && plain(a) == plain(b)
}
