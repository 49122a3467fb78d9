package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"custody/examples/bodyshop/web"
)

// serveWeb is the subcommand web.
func serveWeb(args []string) {
	flags := flag.NewFlagSet("bodyshop web", flag.ExitOnError)
	database := flags.String("database", os.Getenv("DATABASE_URL"), "connection string of a database that bodyshop filled")
	listen := flags.String("listen", "127.0.0.1:8080", "where browsers connect; port 0 takes a free one")
	flags.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := runWeb(ctx, *database, *listen); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runWeb serves until ctx ends, then gives running requests a moment to finish.
func runWeb(ctx context.Context, database, listen string) error {
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return err
	}
	defer pool.Close()
	app, err := web.New(ctx, pool, web.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	fmt.Printf("bodyshop is at http://%s\n", l.Addr())
	go func() {
		<-ctx.Done()
		app.Close()
		wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(wait)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
