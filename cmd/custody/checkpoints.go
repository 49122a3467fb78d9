package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/ledger"
)

// sentRow is one checkpoint at one receiver.
type sentRow struct {
	Made     stamp  `json:"made"`
	Frames   uint64 `json:"frames"`
	Root     string `json:"root"`
	Channel  string `json:"channel,omitempty"`
	Address  string `json:"address,omitempty"`
	State    string `json:"state"`
	Sent     stamp  `json:"sent,omitzero"`
	Attempts int    `json:"attempts"`
	Why      string `json:"why,omitempty"`
	Note     string `json:"note"`
}

func (a *app) checkpointsCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "checkpoints", Short: "Where signed checkpoints were sent, and whether they arrived",
		Long: `List the signed checkpoints that were sent outside, one line for each receiver, the
newest first. ledger.send in custody.yaml says who keeps them and how often the running
gate sends the newest one. What could not be delivered is tried again for as long as
notices.give_up_after says.`,
		Example: "  custody ledger checkpoints\n  custody ledger checkpoints --limit 5 --json",
		Args:    takes(),
		RunE:    a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.showCheckpoints(limit) }),
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "at most so many `lines`")
	return cmd
}

func (w *workspace) showCheckpoints(limit int) error {
	sent, err := w.store.SentCheckpoints(max(1, limit))
	if err != nil {
		return err
	}
	rows := make([]sentRow, len(sent))
	for i, c := range sent {
		rows[i] = sentRow{Made: stamp{c.Made}, Frames: c.Frames, Root: c.Root, Channel: c.Channel, Address: c.Address, State: c.State,
			Sent: stamp{c.Sent}, Attempts: c.Attempts, Why: c.Why, Note: c.Note}
	}
	return list(w.app, rows, "No checkpoint was sent outside: ledger.send in custody.yaml says who keeps them.",
		column[sentRow]{"MADE", func(r sentRow) string { return w.minute(r.Made.Time) }, false},
		column[sentRow]{"FRAMES", func(r sentRow) string { return number(r.Frames) }, false},
		column[sentRow]{"ROOT", func(r sentRow) string { return r.Root[:min(12, len(r.Root))] }, false},
		column[sentRow]{"WHERE", func(r sentRow) string { return r.where() }, true},
		column[sentRow]{"STATE", func(r sentRow) string { return r.State }, false},
		column[sentRow]{"WHEN", func(r sentRow) string { return w.minute(r.Sent.Time) }, false},
		column[sentRow]{"WHY NOT", func(r sentRow) string { return r.Why }, true})
}

// where is the channel without the word that all of them begin with.
func (r sentRow) where() string {
	name := strings.TrimPrefix(r.Channel, "checkpoint-")
	if r.Address != "" {
		name += " " + r.Address
	}
	return name
}

// verifySent checks the whole ledger and holds it to a checkpoint that somebody kept.
func (a *app) verifySent(file, key string) (*ledger.Report, *ledger.Checkpoint, error) {
	v, err := a.verifier(key)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, custody.E(custody.CodeNotFound, "the checkpoint's file cannot be read", "check the file's name")
	}
	sent, err := ledger.FindCheckpoint(text, v)
	if custody.CodeOf(err) == custody.CodeInvalid {
		return nil, nil, finding{err, 1} // the check worked; the checkpoint does not hold
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := ledger.VerifySent(a.path(ledgerDir), v, sent)
	return r, sent, err
}
