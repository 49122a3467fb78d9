package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"custody/config"
)

func (a *app) configCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Read custody.yaml and tell its mistakes",
		Example: "  custody config check",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			c, err := config.Load(a.dir)
			if err != nil {
				return err
			}
			return a.done(map[string]any{"ok": true, "systems": len(c.Systems)}, "custody.yaml is in order; it declares %s.", plural(len(c.Systems), "system"))
		},
	}
	example := &cobra.Command{
		Use: "example", Short: "Print a custody.yaml with every key explained",
		Example: "  custody config example",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.object(map[string]string{"example": config.Example})
			}
			_, err := fmt.Fprint(a.out, config.Example)
			return err
		},
	}
	return group("config", "The configuration file", "  custody config check\n  custody config example", check, example)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version",
		Example: "  custody version",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			return a.done(map[string]string{"version": version, "go": runtime.Version()}, "custody %s, %s", version, runtime.Version())
		},
	}
}
