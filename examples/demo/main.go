// Command demo tells the story of a leaver, a careful estimator and somebody who
// tries to take everything, with the real parts: a private PostgreSQL with 50,000
// customers, a repair-estimating portal, the custody command line, the gate in front
// of both, browsers' requests, psql and pgx. It stays up for a reader to try things,
// or with DEMO_ONCE=1 checks its own story and exits.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := &demo{ctx: ctx, once: os.Getenv("DEMO_ONCE") == "1", began: time.Now()}
	err := d.tell()
	if err == nil && !d.once {
		d.stayUp()
	}
	d.close()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

// tell is the story, chapter by chapter. Each chapter checks what it shows.
func (d *demo) tell() error {
	for _, chapter := range []func() error{
		d.opening, d.database, d.setUp, d.signsIn, d.works, d.export, d.leaver, d.sql, d.masked, d.whoSaw, d.complaints, d.offline, d.prove, d.insider,
	} {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		if err := chapter(); err != nil {
			return err
		}
	}
	return d.summary()
}
