package config

import (
	"slices"
	"strconv"
	"time"
)

// Detection says how misuse is looked for while the gate runs.
type Detection struct {
	// Run is on or off.
	Run string `yaml:"run"`
	// Budget is how many alerts a day can be reviewed, for a thousand people.
	Budget int `yaml:"budget"`
	// Actions say what is done about an alert, by the rule that found something.
	Actions map[string][]string `yaml:"actions"`
	// LowerTo is how many customers an hour are left after lower-limit.
	LowerTo int `yaml:"lower_to"`
	// Restrain is how long lower-limit and ask-reason hold.
	Restrain Duration `yaml:"restrain"`
	// Places is a file in the working directory that says where networks are; empty is
	// none, and no journey is impossible.
	Places string `yaml:"places"`
	// Refresh is how often the reasons in the data are read again.
	Refresh Duration `yaml:"refresh"`
	// Mine is how often reasons are looked for in the guarded databases, to tell where they
	// have moved away from the declared ones; 0s is never.
	Mine Duration `yaml:"mine"`
}

// DetectionRules are the names of the detectors, DetectionActions what may be done.
var (
	DetectionRules   = []string{"facts", "unexplained", "slow-exfiltration", "burst-and-spread", "shared-login", "export", "enumeration", "outside-signal"}
	DetectionActions = []string{"notify", "ask-reason", "step-up", "lower-limit", "cut"}
)

func defaultDetection() Detection {
	return Detection{Run: On, Budget: 5, Actions: map[string][]string{}, LowerTo: 20, Restrain: Duration(24 * time.Hour), Refresh: Duration(time.Minute), Mine: Duration(7 * 24 * time.Hour)}
}

func (d *Detection) check(k checker) {
	at := func(message string, path ...string) { k.at(message, append([]string{"detection"}, path...)...) }
	if d.Run != On && d.Run != Off {
		at("write on or off", "run")
	}
	if d.Budget < 1 || d.Budget > 1000 {
		at("it can be from 1 to 1000 alerts a day for a thousand people", "budget")
	}
	if d.LowerTo < 1 || d.LowerTo > 10_000 {
		at("it can be from 1 to 10000 customers an hour", "lower_to")
	}
	if d.Restrain < Duration(time.Minute) || d.Restrain > Duration(30*24*time.Hour) {
		at("it can be from 1m to 30d", "restrain")
	}
	if d.Refresh < Duration(time.Second) || d.Refresh > Duration(24*time.Hour) {
		at("it can be from 1s to 1d", "refresh")
	}
	if d.Mine != 0 && (d.Mine < Duration(time.Hour) || d.Mine > Duration(90*24*time.Hour)) {
		at("it can be from 1h to 90d, or 0s for never", "mine")
	}
	for _, rule := range sortedKeys(d.Actions) {
		if !slices.Contains(DetectionRules, rule) {
			at(unknown("detector", rule, DetectionRules), "actions", rule)
		}
		for i, action := range d.Actions[rule] {
			if !slices.Contains(DetectionActions, action) {
				at(unknown("action", action, DetectionActions), "actions", rule, strconv.Itoa(i))
			}
		}
	}
}
