package accesslog_test

import (
	"testing"

	"custody"
	"custody/accesslog"
)

func TestActions(t *testing.T) {
	for text, want := range map[string]accesslog.Done{"": accesslog.Looked, "VIEW": accesslog.Looked, "Export to CSV": accesslog.Exported, "customer.updated": accesslog.Changed,
		"print": accesslog.Exported, "view denied": accesslog.Refused, "Export failed": accesslog.Refused, "search": accesslog.Looked} {
		if got := accesslog.ParseAction(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestCategories(t *testing.T) {
	for text, want := range map[string]struct {
		set     custody.CategorySet
		unknown int
	}{
		"":                          {0, 0},
		"name;Phone|accident":       {custody.Categories(custody.Name, custody.Phone, custody.Accident), 0},
		"mobile, date-of-birth":     {custody.Categories(custody.Phone, custody.DateOfBirth), 0},
		"name and shoe-size, email": {custody.Categories(custody.Name, custody.Email), 2},
	} {
		if set, unknown := accesslog.ParseCategories(text); set != want.set || unknown != want.unknown {
			t.Errorf("%q: %v and %d unknown, want %v and %d", text, set, unknown, want.set, want.unknown)
		}
	}
}
