package portalcheck_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"custody/custodytest"
	"custody/doctor/portalcheck"
	"custody/subjects"
)

func TestMain(m *testing.M) { custodytest.Main(m) }

// options ask as fast as the server answers.
func options(t testing.TB, address string) portalcheck.Options {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return portalcheck.Options{URL: u, Canonical: subjects.Canonical, Every: time.Nanosecond}
}

func examine(t testing.TB, o portalcheck.Options) *portalcheck.Report {
	t.Helper()
	r, err := portalcheck.Examine(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines are the findings as a table: severity, check and object.
func lines(r *portalcheck.Report) (list []string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		list = append(list, f.Severity.String()+" "+strings.TrimPrefix(f.Check, portalcheck.Prefix)+": "+f.Object)
	}
	slices.Sort(list)
	return list
}

// compare holds what was found to what is wrong.
func compare(t *testing.T, r *portalcheck.Report, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := lines(r); !slices.Equal(got, want) {
		t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		for i := range r.Findings {
			t.Logf("%+v", r.Findings[i])
		}
		for _, o := range r.Outcomes {
			if o.Skipped != "" {
				t.Logf("%s: %s", o.Check, o.Skipped)
			}
		}
	}
}

// skips are the checks that were not done.
func skips(r *portalcheck.Report) (list []string) {
	for _, o := range r.Outcomes {
		if o.Skipped != "" {
			list = append(list, strings.TrimPrefix(o.Check, portalcheck.Prefix))
		}
	}
	return list
}

// serve starts a server with TLS and gives options that trust it.
func serve(t testing.TB, h http.Handler) (*httptest.Server, portalcheck.Options) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	o := options(t, s.URL)
	o.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig
	return s, o
}
