package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// held is how many idle connections are held at once.
const held = 2000

// measureMemory takes a gate that has just started: at rest, then with idle
// connections, without and with TLS.
func measureMemory(ctx context.Context, w *world, r row) ([]result, error) {
	rest, err := w.settled()
	if err != nil {
		return nil, err
	}
	list := []result{{"memory at rest, " + fmt.Sprint(w.o.customers) + " customers", "", "", megabytes(rest), "", "≤64 MB", yes(rest <= 64<<20)}}
	for _, mode := range []string{"disable", "require"} {
		if err := w.gate.restart(); err != nil {
			return nil, err
		}
		if _, err := w.hold(ctx, mode, 8); err != nil { // the program's code for it is in memory then
			return nil, err
		}
		before, err := w.settled()
		if err != nil {
			return nil, err
		}
		if mode == "require" {
			w.profileHeap("memory-tls")
		}
		after, err := w.hold(ctx, mode, held)
		if err != nil {
			return nil, err
		}
		each := float64(after-before) / held / 1024
		name, demand, met := fmt.Sprintf("%d idle connections", held), "≤40 kB each", yes(each <= 40)
		if mode == "require" {
			name += ", TLS"
		}
		list = append(list, result{name, "", "", megabytes(after), fmt.Sprintf("%.1f kB each", each), demand, met})
	}
	return list, w.gate.restart()
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// settled gives the gate's memory once it has stopped falling.
func (w *world) settled() (int64, error) { return settled(w.gate) }

func settled(g *gateProcess) (int64, error) {
	last, err := g.resident()
	for still := 0; err == nil && still < 6; {
		time.Sleep(500 * time.Millisecond)
		var now int64
		now, err = g.resident()
		if still++; now < last-(1<<20) || now > last+(1<<20) {
			still = 0
		}
		last = now
	}
	return last, err
}

// hold opens idle connections, each of which has asked one thing, and gives the
// gate's memory with them.
func (w *world) hold(ctx context.Context, sslmode string, count int) (int64, error) {
	t := w.through(looker)
	conns := make(chan *pgconn.PgConn, count)
	errs := make(chan error, 8)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range count / 8 {
				c, err := pgconn.Connect(ctx, t.url("sslmode="+sslmode))
				if err == nil {
					_, err = c.Exec(ctx, "SELECT id, name FROM customers WHERE id = 4711").ReadAll()
				}
				if err != nil {
					errs <- err
					return
				}
				conns <- c
			}
		})
	}
	wg.Wait()
	close(conns)
	defer func() {
		for c := range conns {
			_ = c.Close(ctx)
		}
	}()
	select {
	case err := <-errs:
		return 0, err
	default:
	}
	n, err := w.settled()
	w.profileHeap("memory-" + sslmode)
	return n, err
}
