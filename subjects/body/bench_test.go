package body

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"

	"custody"
	"custody/subjects"
)

// processTime is what this process has used of the processors, in nanoseconds: a
// busy machine does not change it much.
func processTime() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// dense gives about size bytes of a kind where each record is a customer.
func dense(kind Kind, size int) []byte {
	n := 1
	for len(large(kind, n)) < size {
		n += 1 + (size-len(large(kind, n)))/300
	}
	return large(kind, n)
}

func sparse(size int) []byte {
	var b bytes.Buffer
	for k := 0; b.Len() < size; k++ {
		fmt.Fprintf(&b, "The quick brown fox jumps over the lazy dog near the old mill, and the %d parts are ready for the paint shop.\n", k%100)
	}
	return b.Bytes()[:size]
}

func benchmark(b *testing.B, kind Kind, text []byte, rules Rules, tr treatments, known ...bool) {
	w := newWorld(b, 1000)
	for k := 1; k <= 1000 && len(known) > 0; k++ {
		w.index.Learn(system, custody.SubjectID(k), []subjects.Name{{Category: custody.Name, Value: []byte("Ruth Bell")}, {Category: custody.DateOfBirth, Value: []byte("1984-03-07")},
			{Category: custody.Address, Value: []byte("59 Station Road, Calder Mills, HX6 5DJ")}}, 0)
	}
	w.run(b, kind, text, rules, tr)
}

// BenchmarkDense is 64 kB full of customers; BenchmarkSparse is text without any.
func BenchmarkDense(b *testing.B) {
	for _, kind := range []Kind{JSON, CSV, HTML, Text} {
		text := dense(kind, 64<<10)
		b.Run(kind.String(), func(b *testing.B) { benchmark(b, kind, text, fuzzRules, nil) })
		b.Run(kind.String()+"-masked", func(b *testing.B) {
			benchmark(b, kind, text, fuzzRules, treatments{custody.Phone: custody.Masked, custody.Email: custody.Masked})
		})
		b.Run(kind.String()+"-known", func(b *testing.B) { benchmark(b, kind, text, fuzzRules, nil, true) })
		b.Run(kind.String()+"-identifiers", func(b *testing.B) { benchmark(b, kind, text, Rules{}, nil) })
	}
}

func BenchmarkSparse(b *testing.B) {
	text := sparse(1 << 20)
	b.Run("text", func(b *testing.B) { benchmark(b, Text, text, Rules{}, nil) })
	b.Run("html", func(b *testing.B) { benchmark(b, HTML, text, Rules{}, nil) })
	line := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(" "), []byte(`","`)), []byte("\n"), []byte("\"],[\"\n"))
	b.Run("json", func(b *testing.B) { benchmark(b, JSON, line, Rules{}, nil) })
	b.Run("csv", func(b *testing.B) { benchmark(b, CSV, line, Rules{}, nil) })
}
