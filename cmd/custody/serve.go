package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"syscall"

	"github.com/spf13/cobra"

	"custody"
	"custody/site"
)

func (a *app) serveCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the gate",
		Long: `Run the gate before all systems of custody.yaml until it is interrupted. People and
rights are changed with the other commands meanwhile; changes of custody.yaml hold
from the next start on. One gate runs on one working directory at a time.

Operation is logged on standard error, without personal data.`,
		Example: "  custody serve\n  custody serve --dir /srv/custody --listen 0.0.0.0:6432",
		Args:    takes(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), listen) },
	}
	cmd.Flags().StringVar(&listen, "listen", "", "`address` instead of the configured one")
	return cmd
}

func (a *app) serve(ctx context.Context, listen string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	options, err := w.siteOptions()
	if err != nil {
		return err
	}
	if len(options.Systems) == 0 {
		return custody.E(custody.CodeInvalid, "custody.yaml declares no system", "custody discover --write postgres://… proposes one")
	}
	options.Log = a.logger()
	if listen == "" {
		listen = w.config.Listen
	}
	listener, err := listenOn(listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	portals, err := w.listenPortals()
	if err != nil {
		return err
	}
	entrances, err := w.listenEntrances()
	if err != nil {
		return err
	}
	desk, err := w.listenConsole(&options)
	if err != nil {
		return err
	}
	running, err := site.Open(ctx, options)
	if err != nil {
		return err
	}
	a.ready(listener.Addr().String(), options.Systems, portals, entrances, options.Console)
	entrances = append(entrances, door{Listener: listener, serve: running.Serve})
	for _, l := range portals {
		entrances = append(entrances, door{Listener: l, serve: func(n net.Listener) error { return running.ServePortal(l.system, n) }})
	}
	if desk != nil {
		entrances = append(entrances, door{Listener: desk, serve: running.ServeConsole})
	}
	return runUntil(ctx, running, entrances)
}

// runUntil serves all entrances until the context ends or one of them fails, then cuts
// all sessions and closes.
func runUntil(ctx context.Context, running *site.Site, entrances []door) error {
	done := make(chan error, len(entrances))
	for _, e := range entrances {
		serve := e.serve
		if serve == nil {
			serve = func(l net.Listener) error { return e.of(running, l) }
		}
		go func() { done <- serve(e.Listener) }()
	}
	var err error
	left := len(entrances)
	select {
	case <-ctx.Done():
	case err = <-done:
		left--
	}
	closeAll(entrances)
	for range left {
		err = errors.Join(err, <-done)
	}
	return errors.Join(err, running.Close())
}

func listenOn(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, custody.E(custody.CodeConflict, "another program listens on "+address, "is a gate running already? else choose another address with --listen")
	}
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "cannot listen on " + address, Hint: "check listen in custody.yaml", Err: err}
	}
	return l, nil
}

// logger writes operation to standard error: text for people, JSON with --json.
func (a *app) logger() *slog.Logger {
	if a.json {
		return slog.New(slog.NewJSONHandler(a.errw, nil))
	}
	return slog.New(slog.NewTextHandler(a.errw, nil))
}

// ready says on standard output that clients may come.
func (a *app) ready(address string, systems []site.System, portals []portalListener, entrances []door, desk *site.Console) {
	names := make([]string, len(systems))
	for i := range systems {
		names[i] = systems[i].Name
	}
	if a.json {
		out := map[string]any{"listening": address, "systems": names}
		if len(portals) > 0 {
			public := map[string]string{}
			for _, p := range portals {
				public[p.system] = p.public
			}
			out["portals"] = public
		}
		if desk != nil {
			out["console"] = desk.Public.String()
		}
		for _, e := range entrances {
			out[e.name] = e.Addr().String()
		}
		_ = a.object(out)
		return
	}
	host, port, _ := net.SplitHostPort(address)
	a.say("The gate listens on %s.", address)
	for i, n := range names {
		if systems[i].Upstream != nil {
			a.say("  psql \"host=%s port=%s dbname=%s user=EMAIL sslmode=require\"", host, port, n)
		}
	}
	for _, p := range portals {
		a.say("  %s: %s on %s", p.system, p.public, p.Addr())
	}
	if desk != nil {
		a.say("The console is at %s", desk.Public)
	}
	for _, e := range entrances {
		a.say("  %s on %s", e.name, e.Addr())
	}
}
