// Command bodyshop fills an empty PostgreSQL database with the invented repair group,
// and serves the web application on it.
//
//	bodyshop -dsn postgres://localhost/bodyshop -customers 50000
//	bodyshop web --database postgres://localhost/bodyshop --listen 127.0.0.1:8080
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"custody/examples/bodyshop"

	"github.com/jackc/pgx/v5"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "web" {
		serveWeb(os.Args[2:])
		return
	}
	dsn := flag.String("dsn", os.Getenv("DATABASE_URL"), "connection string of an empty database")
	customers := flag.Int("customers", 50_000, fmt.Sprintf("how many customers, up to %d", bodyshop.MaxCustomers))
	seed := flag.Uint64("seed", 1, "the same seed gives the same records")
	lean := flag.Bool("lean", false, "customers and vehicles only, for millions")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dsn, *customers, *seed, *lean); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dsn string, customers int, seed uint64, lean bool) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	load := bodyshop.Load
	if lean {
		load = bodyshop.LoadLean
	}
	start := time.Now()
	if err := load(ctx, conn, customers, seed); err != nil {
		return err
	}
	fmt.Printf("%d customers in %.1f s\n", customers, time.Since(start).Seconds())
	return nil
}
