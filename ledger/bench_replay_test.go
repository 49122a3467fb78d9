package ledger

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"custody"
)

// benchPairs is how many disclosures the large benchmarks hold; LEDGER_BENCH_PAIRS
// changes it.
func benchPairs() int {
	if n, err := strconv.Atoi(os.Getenv("LEDGER_BENCH_PAIRS")); err == nil {
		return n
	}
	return 20_000_000
}

// shape is how disclosures come: so many subjects in an answer, so many answers in
// a frame.
type shape struct{ answer, group, subjects int }

func (s shape) String() string {
	return fmt.Sprintf("answer=%d/frame=%d/subjects=%d", s.answer, s.group, s.subjects)
}

var shapes = []shape{{1, 1, 200_000}, {1, 32, 200_000}, {1, 32, 5_000_000}, {20, 8, 200_000}, {200, 1, 200_000}, {200, 8, 5_000_000}}

// big makes a ledger of so many disclosures once for all benchmarks of a shape.
func (s shape) big(b *testing.B) string {
	bigMu.Lock()
	defer bigMu.Unlock()
	if dir := bigOnes[s]; dir != "" {
		return dir
	}
	parent, err := os.MkdirTemp("", "ledger")
	if err != nil {
		b.Fatal(err)
	}
	bigDirs = append(bigDirs, parent)
	dir := filepath.Join(parent, "ledger")
	if err := Create(dir, Options{Origin: testOrigin}); err != nil {
		b.Fatal(err)
	}
	signer, _ := keys(b)
	l, err := Open(dir, Options{Signer: signer, FS: lazy{}})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := rand.New(rand.NewPCG(1, 2))
	var group []*custody.Event
	var active [64]custody.SessionID // sessions at one time, each for about 1,000 answers
	for left, n := benchPairs(), custody.SessionID(0); left > 0; {
		i := r.IntN(len(active))
		if active[i] == 0 || r.IntN(1000) == 0 {
			n++
			active[i] = n
		}
		e := disclosure(custody.PersonID(1+active[i]%500), uint64(1+r.IntN(20))<<40, s.draw(r)...)
		e.Session = active[i]
		left -= len(e.Subjects)
		if group = append(group, e); len(group) == s.group || left <= 0 {
			if err := l.Append(group...); err != nil {
				b.Fatal(err)
			}
			group = group[:0]
		}
	}
	bigOnes[s] = dir
	return dir
}

func (s shape) draw(r *rand.Rand) []custody.SubjectID {
	list := make([]custody.SubjectID, 0, s.answer)
	if s.answer == 1 {
		return append(list, custody.SubjectID(1+r.IntN(s.subjects)))
	}
	step := s.subjects / s.answer
	at := 0
	for range s.answer {
		at += 1 + r.IntN(step)
		list = append(list, custody.SubjectID(at))
	}
	return list
}

var (
	bigMu   sync.Mutex
	bigOnes = map[shape]string{}
	bigDirs []string
)

func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// BenchmarkReplay reads a whole ledger into the index.
func BenchmarkReplay(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.String(), func(b *testing.B) {
			dir := s.big(b)
			size := diskSize(b, dir)
			var pairs uint64
			before := live()
			var cpu time.Duration
			for b.Loop() {
				start := cpuTime()
				r, err := OpenReader(dir)
				if err != nil {
					b.Fatal(err)
				}
				cpu += cpuTime() - start
				_, pairs = r.Index().Len()
				b.StopTimer()
				b.ReportMetric(float64(live()-before)/float64(pairs), "memory-B/disclosure")
				runtime.KeepAlive(r)
				b.StartTimer()
			}
			b.ReportMetric(float64(pairs)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mdisclosures/s")
			b.ReportMetric(float64(size)/float64(pairs), "disk-B/disclosure")
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N)/float64(pairs), "cpu-ns/disclosure")
		})
	}
}

// cpuTime is what the process has used of all processors: on a busy machine it says
// more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// diskSize is what all segments but the unused end of the last one take.
func diskSize(b *testing.B, dir string) (size int64) {
	r, err := OpenReader(dir)
	if err != nil {
		b.Fatal(err)
	}
	for n := uint32(1); n < r.tail.segment.number; n++ {
		size += segmentSize(n, DefaultSegmentSize)
	}
	return size + r.tail.offset
}

// BenchmarkWhoSaw asks for everybody who saw one subject, and reads all answers.
func BenchmarkWhoSaw(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.String(), func(b *testing.B) {
			r, err := OpenReader(s.big(b))
			if err != nil {
				b.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(3, 4))
			found := 0
			for b.Loop() {
				for range r.Index().WhoSaw(1, custody.SubjectID(1+rnd.IntN(s.subjects)), time.Time{}, time.Time{}) {
					found++
				}
			}
			b.ReportMetric(float64(found)/float64(b.N), "disclosures/question")
		})
	}
}

// BenchmarkOverlap meets 50 complaints with everything that was seen.
func BenchmarkOverlap(b *testing.B) {
	s := shape{20, 8, 200_000}
	r, err := OpenReader(s.big(b))
	if err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for b.Loop() {
		var list []Complaint
		for range 50 {
			list = append(list, Complaint{custody.SubjectID(1 + rnd.IntN(s.subjects)), time.Now()})
		}
		r.Index().Overlap(list)
	}
}

// BenchmarkVerify checks a whole ledger, every hash of it.
func BenchmarkVerify(b *testing.B) {
	for _, s := range []shape{{1, 32, 200_000}, {20, 8, 200_000}, {200, 8, 5_000_000}} {
		b.Run(s.String(), func(b *testing.B) {
			dir := s.big(b)
			for b.Loop() {
				os.Remove(filepath.Join(dir, checkpointName)) // signed by a key that is gone
				os.Remove(filepath.Join(dir, historyName))
				if _, err := Verify(dir, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(benchPairs())*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mdisclosures/s")
		})
	}
}

// BenchmarkSeal is the work on a frame before it is written.
func BenchmarkSeal(b *testing.B) {
	for _, answer := range []int{1, 20, 200, 10_000} {
		b.Run(fmt.Sprintf("answer=%d", answer), func(b *testing.B) {
			s := shape{answer, 1, 5_000_000}
			e := disclosure(1, 7, s.draw(rand.New(rand.NewPCG(1, 2)))...)
			e.Time = time.Now()
			batch, t := &batch{}, &tree{}
			b.ReportAllocs()
			for b.Loop() {
				batch.reset()
				batch.add(e, 0)
				batch.seal(t, position{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(answer), "ns/disclosure")
		})
	}
}
