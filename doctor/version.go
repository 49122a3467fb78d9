package doctor

import (
	"context"
	"fmt"
	"time"
)

// lastRelease is the day of each major version's last release, as the project's
// versioning policy has it (https://www.postgresql.org/support/versioning/).
var lastRelease = map[int]string{
	10: "2022-11-10", 11: "2023-11-09", 12: "2024-11-21", 13: "2025-11-13", 14: "2026-11-12",
	15: "2027-11-11", 16: "2028-11-09", 17: "2029-11-08", 18: "2030-11-14",
}

// soon is how long before its end a version is told of.
const soon = 180 * 24 * time.Hour

func (e *exam) checkVersion(context.Context) error {
	if f, ok := judgeVersion(e.major, e.Now); ok {
		e.found(f)
	}
	return nil
}

// judgeVersion says whether a version still gets security fixes.
func judgeVersion(major int, now time.Time) (Finding, bool) {
	day, known := lastRelease[major]
	if !known && major > 10 {
		return Finding{}, false // newer than this program
	}
	end, _ := time.Parse(time.DateOnly, day) // the zero time is long ago
	f := Finding{Object: fmt.Sprintf("PostgreSQL %d", major), Advice: "plan the upgrade: pg_upgrade, or a dump and restore, to a version that is maintained"}
	switch {
	case now.After(end):
		f.Severity, f.Message = Serious, fmt.Sprintf("PostgreSQL %d gets no security fixes any more", major)
	case now.After(end.Add(-soon)):
		f.Severity, f.Message = Warning, fmt.Sprintf("PostgreSQL %d gets its last security fixes on %s", major, day)
	default:
		return f, false
	}
	return f, true
}
