package main

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
	"custody/trace/inquiry"
)

// remoteCanaryCommands are those about planted customers.
func (a *app) remoteCanaryCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody canary add": a.remotePlant, "custody canary list": a.remoteCanaries, "custody canary withdraw": a.remoteUnplant,
	}
}

// remotePlant sends the customers as a list, whether they came as one or not.
func (a *app) remotePlant(cmd *cobra.Command, _ []string) error {
	list, empty, err := plantings(cmd, flagWords(cmd, "subject"), text(cmd, "for"), text(cmd, "list"))
	if err != nil {
		return err
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	lines := [][]string{inquiry.PlanColumns[:2]}
	for _, p := range list {
		lines = append(lines, []string{p.Key, p.Meant})
	}
	if err := w.WriteAll(lines); err != nil {
		return err
	}
	n := console.NewCanaries{System: text(cmd, "system"), Note: text(cmd, "note"), CSV: b.String()}
	var done console.PlantedNow
	if err := a.call(http.MethodPost, "canaries", n, &done); err != nil {
		return err
	}
	return a.sayPlanted(n.System, done.Planted, empty)
}

func (a *app) remoteCanaries(*cobra.Command, []string) error {
	all, err := remoteItems[console.CanaryItem](a, "canaries", nil)
	if err != nil {
		return err
	}
	rows := make([]canaryRow, len(all))
	for i, c := range all {
		rows[i] = canaryRow{c.System, c.Key, c.Note, c.Meant, stamp{c.Planted}, c.PlantedBy, stamp{c.Withdrawn}, c.WithdrawnBy}
	}
	return a.listCanaries(rows)
}

func (a *app) remoteUnplant(cmd *cobra.Command, _ []string) error {
	system, key := text(cmd, "system"), text(cmd, "subject")
	all, err := remoteItems[console.CanaryItem](a, "canaries", url.Values{})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(c console.CanaryItem) bool { return c.System == system && c.Key == key && c.Withdrawn.IsZero() })
	if at < 0 {
		return custody.E(custody.CodeNotFound, "no canary of this system has this key", "custody canary list shows them")
	}
	if err := a.call(http.MethodPost, "canaries/"+number(all[at].ID)+"/withdraw", nil, nil); err != nil {
		return err
	}
	return a.sayWithdrawn(system, key)
}
