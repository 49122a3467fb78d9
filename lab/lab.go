// Package lab simulates a vehicle-repair group whose staff look at customers' records,
// and people among them who misuse it, with the truth written down beside. Everything
// follows from the parameters and the seed: the same two give the same looks, down to
// the second. Nobody in it is real.
package lab

import (
	"cmp"
	_ "embed"
	"math/rand/v2"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"custody"
)

//go:embed lab.yaml
var defaults []byte

// Params are the settings of a group; lab.yaml says what each means.
type Params struct {
	Start         time.Time `yaml:"start"`
	Days          int       `yaml:"days"`
	Branches      int       `yaml:"branches"`
	Staff         int       `yaml:"staff"`
	Central       int       `yaml:"central"`
	CentralLeast  float64   `yaml:"central_least"`
	CentralMost   float64   `yaml:"central_most"`
	JobsPerDay    int       `yaml:"jobs_per_day"`
	JobDays       float64   `yaml:"job_days"`
	Team          int       `yaml:"team"`
	LooksPerDay   float64   `yaml:"looks_per_day"`
	Branchwide    float64   `yaml:"branchwide"`
	Wandering     float64   `yaml:"wandering"`
	Absent        float64   `yaml:"absent"`
	Reasonless    float64   `yaml:"reasonless"`
	SharedDesks   float64   `yaml:"shared_desks"`
	ClockSkew     float64   `yaml:"clock_skew"`
	Complaining   float64   `yaml:"complaining"`
	CallsFirst    int       `yaml:"calls_first"`
	CallsLast     int       `yaml:"calls_last"`
	Background    float64   `yaml:"background"`
	KnewIfLeaked  float64   `yaml:"knew_if_leaked"`
	KnewOtherwise float64   `yaml:"knew_otherwise"`
}

// Defaults are the parameters of lab.yaml.
func Defaults() Params {
	p, err := ParseParams(defaults)
	if err != nil {
		panic("lab.yaml: " + err.Error())
	}
	return p
}

// ParseParams reads parameters; keys that are not given keep their defaults.
func ParseParams(text []byte) (Params, error) {
	var p Params
	for _, t := range [][]byte{defaults, text} {
		if err := yaml.Unmarshal(t, &p); err != nil {
			return p, &custody.Error{Code: custody.CodeInvalid, Message: "the parameters of the laboratory are not understood", Hint: "see lab/lab.yaml for all keys", Err: err}
		}
	}
	if p.Days < 1 || p.Branches < 1 || p.Staff < p.Central+p.Branches || p.JobsPerDay < 1 || p.Team < 1 || p.CallsLast < p.CallsFirst {
		return p, custody.E(custody.CodeInvalid, "the parameters of the laboratory do not fit together", "every branch needs staff besides the central ones, and days, jobs and team must be positive")
	}
	return p, nil
}

// Look is one look at a customer's record.
type Look struct {
	At      time.Time
	Login   int // place in Group.Staff
	Device  int
	Subject int // jobs and customers are one here: numbered from 0 as they come
	// Explained says that the data holds a reason: a job of the viewer or of the
	// viewer's branch, unless its reason is missing.
	Explained bool
	Home      int  // branch of the customer's job, -1 if there is none
	Bad       bool // truth: not known to anybody who analyses
}

// Person is one login. The person behind it may at times be another: see Truth.
type Person struct {
	Login   string
	Branch  int // -1 for central staff
	Share   float64
	Device  int
	Evening bool // works the late shift
	own     []int
}

// Complaint is one unwanted call.
type Complaint struct {
	Subject int
	Called  time.Time
	Knew    string
	Leaked  bool // truth
}

// Truth is what really happened in a run.
type Truth struct {
	Scenario string    `json:"scenario"`
	Seed     uint64    `json:"seed"`
	Logins   []string  `json:"logins,omitempty"`  // under which data was taken
	Devices  []int     `json:"devices,omitempty"` // on which
	Person   string    `json:"person,omitempty"`  // who really took it
	Framed   string    `json:"framed,omitempty"`  // whose login was used
	Copy     string    `json:"copy,omitempty"`    // of which a file was found
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Looks    int       `json:"looks"`
	Leaked   int       `json:"leaked_complaints"`
	Others   int       `json:"other_complaints"`
}

// Run is one run of a scenario.
type Run struct {
	Params     Params
	Staff      []Person
	Complaints []Complaint
	Truth      Truth
	Copies     []Copy   // copies that were given away with somebody's leave, and the one without
	Found      *Found   // a file that was found online; nil if none was
	Canaries   []Canary // planted customers
	Jobs       []Job
	Taken      []int // subjects of the looks by which records were taken, in their order
}

// random gives a repeatable source for one purpose of a run.
func random(seed uint64, purpose ...uint64) *rand.Rand {
	h := seed*0x9e3779b97f4a7c15 + 1
	for _, p := range purpose {
		h = (h ^ p) * 0xff51afd7ed558ccd
		h ^= h >> 33
	}
	return rand.New(rand.NewPCG(seed, h))
}

// byTime puts looks in the order in which they came.
func byTime(looks []Look) {
	slices.SortFunc(looks, func(a, b Look) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Login, b.Login), cmp.Compare(a.Subject, b.Subject))
	})
}
