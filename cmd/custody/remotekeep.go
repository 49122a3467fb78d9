package main

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// toProcessor sends something about a processor of the register.
func (a *app) toProcessor(name, path string, body, out any) (*console.ProcessorItem, error) {
	p, err := a.processorNamed(name)
	if err != nil {
		return nil, err
	}
	return p, a.call(http.MethodPost, "processors/"+number(p.ID)+"/"+path, body, out)
}

func (a *app) remoteScopeProcessor(cmd *cobra.Command, args []string) error {
	n := console.NewScope{System: text(cmd, "system"), Categories: flagWords(cmd, "categories")}
	p, err := a.toProcessor(args[0], "scope", n, nil)
	if err != nil {
		return err
	}
	return a.done(n, "What %s may have of %s is set.", printable(p.Name), n.System)
}

func (a *app) remoteKeepPaper(cmd *cobra.Command, args []string) error {
	n := console.NewPaper{Kind: text(cmd, "kind"), Name: text(cmd, "name"), About: text(cmd, "about"), Evidence: text(cmd, "evidence")}
	var err error
	if n.Since, err = a.when(cmd, "since"); err == nil {
		n.Till, err = a.when(cmd, "till")
	}
	if err != nil {
		return err
	}
	p, err := a.toProcessor(args[0], "papers", n, nil)
	if err != nil {
		return err
	}
	return a.done(n, "The %s of %s is on record.", n.Kind, printable(p.Name))
}

func (a *app) remoteTransfer(cmd *cobra.Command, args []string) error {
	n := console.NewTransfer{System: text(cmd, "system"), Categories: flagWords(cmd, "categories"), Means: text(cmd, "means"), Purpose: text(cmd, "purpose"), Evidence: text(cmd, "evidence")}
	count, _ := strconv.ParseUint(text(cmd, "subjects"), 10, 32) // a flag of that kind
	n.Subjects = uint32(count)
	var err error
	if n.ReturnDue, err = a.when(cmd, "return-due"); err != nil {
		return err
	}
	var kept console.Kept
	p, err := a.toProcessor(args[0], "transfers", n, &kept)
	if err != nil {
		return err
	}
	return a.done(map[string]any{"id": kept.ID, "organisation": p.Name, "subjects": n.Subjects}, "Transfer %d to %s is on record.", kept.ID, printable(p.Name))
}

// remoteReturn closes a transfer by its number, whosever it is.
func (a *app) remoteReturn(cmd *cobra.Command, args []string) error {
	id, err := numberArg(cmd, args[0], "custody processor show")
	if err != nil {
		return err
	}
	all, err := remoteItems[console.ProcessorItem](a, "processors", nil)
	if err != nil {
		return err
	}
	for _, p := range all {
		at := "processors/" + number(p.ID)
		var s console.ProcessorState
		if err := a.call(http.MethodGet, at, nil, &s); err != nil {
			return err
		}
		if !slices.ContainsFunc(s.Transfers, func(t console.TransferItem) bool { return t.ID == id }) {
			continue
		}
		if err := a.call(http.MethodPost, at+"/transfers/"+number(id)+"/return", console.Evidence{Evidence: text(cmd, "evidence")}, nil); err != nil {
			return err
		}
		return a.done(map[string]int64{"returned": id}, "Transfer %d is closed.", id)
	}
	return custody.E(custody.CodeNotFound, "no transfer has this number", "custody processor show lists them")
}

func (a *app) remoteAddRule(cmd *cobra.Command, args []string) error {
	words, err := ruleText(text(cmd, "file"))
	if err != nil {
		return err
	}
	n := console.NewRule{Name: args[0], Version: text(cmd, "version"), Title: text(cmd, "title"), Text: string(words)}
	if n.Begins, err = a.when(cmd, "begins"); err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "rules", n, nil); err != nil {
		return err
	}
	return a.done(map[string]string{"rule": n.Name, "version": n.Version}, "Rule %s, version %s, is on record.", printable(n.Name), printable(n.Version))
}

func (a *app) remoteAddCourse(cmd *cobra.Command, args []string) error {
	n := console.NewCourse{Name: args[0], Title: text(cmd, "title")}
	n.Days, _ = strconv.Atoi(text(cmd, "days")) // a flag of that kind
	if err := a.call(http.MethodPost, "courses", n, nil); err != nil {
		return err
	}
	return a.done(n, "%s holds for %s.", n.Name, plural(n.Days, "day"))
}

func (a *app) remoteRevokeTraining(cmd *cobra.Command, args []string) error {
	id, err := numberArg(cmd, args[0], "custody training list")
	if err != nil {
		return err
	}
	if err := a.call(http.MethodPost, "training/"+number(id)+"/revoke", nil, nil); err != nil {
		return err
	}
	return a.done(map[string]int64{"revoked": id}, "Training record %d is taken back.", id)
}
