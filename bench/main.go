// Command bench measures the gate beside direct connections and pgbouncer, all on
// the loopback, without TLS unless a row says so, and writes docs/performance.md.
//
// The three are asked in turn, in short rounds, so that their ratios hold on a
// machine whose speed changes from minute to minute. The gate runs in a process of
// its own and its ledger lies on a real disk.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line's.
type options struct {
	rounds    int
	length    time.Duration
	customers int
	only      *regexp.Regexp
	write     string
	dir       string
	profile   string
	effort    bool
	beside    []string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if text := os.Getenv(gateVariable); text != "" {
		if err := beGate(text); err != nil {
			log.Fatal(err)
		}
		return
	}
	if text := os.Getenv(helperVariable); text != "" {
		if err := beHelper(text); err != nil {
			log.Fatal(err)
		}
		return
	}
	var o options
	var only string
	flag.IntVar(&o.rounds, "rounds", 7, "how often each target is asked")
	flag.DurationVar(&o.length, "length", 2*time.Second, "how long pgbench runs each time")
	flag.IntVar(&o.customers, "customers", 200_000, "customers in the database")
	flag.StringVar(&only, "only", "", "a regular `expression` of the rows to run")
	flag.StringVar(&o.write, "write", "", "the `file` whose table is replaced, between its markers")
	flag.StringVar(&o.dir, "dir", "bench/results/run", "working `folder`, on the disk whose speed counts")
	flag.StringVar(&o.profile, "profile", "", "a `folder` for CPU and allocation profiles of the gate, one a row")
	flag.BoolVar(&o.effort, "effort", false, "log what a transaction costs pgbouncer and the gate of processor and context switches")
	flag.Func("beside", "a bench `program` of another build, whose gate is measured beside this one's; may be repeated", func(name string) error {
		o.beside = append(o.beside, name)
		return nil
	})
	flag.Parse()
	o.only = regexp.MustCompile(only)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o *options) error {
	chosen := slices.DeleteFunc(rows(), func(r row) bool {
		return !o.only.MatchString(r.name) && !(r.name == "portal" && webWanted(o.only))
	})
	build := newWorld
	if !slices.ContainsFunc(chosen, func(r row) bool { return !r.alone }) {
		build = emptyWorld
	}
	w, err := build(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	var results []result
	for _, r := range chosen {
		if ctx.Err() != nil {
			break
		}
		log.Print(r.name)
		result, err := r.measure(ctx, w, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		for i := range result {
			log.Printf("  %s", strings.Join(result[i].cells(), " | "))
		}
		results = append(results, result...)
	}
	text := table(results)
	fmt.Print(text)
	if o.write == "" {
		return nil
	}
	return replaceTable(o.write, text)
}
