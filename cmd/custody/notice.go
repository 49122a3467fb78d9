package main

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"

	"github.com/spf13/cobra"

	"custody"
	"custody/notice"
	"custody/site"
)

func (a *app) noticeCommand() *cobra.Command {
	return group("notice", "What people and programs are told, and whether they have it",
		"  custody notice list --failed\n  custody notice test", a.noticeList(), a.noticeRetry(), a.noticeTest(), a.noticeKey())
}

// deliveryRow is the sending of one notice to one receiver.
type deliveryRow struct {
	Delivery uint64 `json:"delivery,omitempty"`
	Notice   uint64 `json:"notice"`
	Kind     string `json:"kind"`
	Severity string `json:"severity"`
	Subject  string `json:"subject"`
	Channel  string `json:"channel,omitempty"`
	Address  string `json:"address,omitempty"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Time     stamp  `json:"time"`
	Next     stamp  `json:"next,omitzero"`
	Sent     stamp  `json:"sent,omitzero"`
	Why      string `json:"why,omitempty"`
}

func (a *app) noticeList() *cobra.Command {
	var failed bool
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List the newest notices and what became of them",
		Example: "  custody notice list\n  custody notice list --failed --json",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			rows, err := w.deliveries(failed, limit)
			if err != nil {
				return err
			}
			return list(a, rows, "There is nothing to show.",
				column[deliveryRow]{"NO", func(r deliveryRow) string { return strconv.FormatUint(r.Delivery, 10) }, false},
				column[deliveryRow]{"TIME", func(r deliveryRow) string { return a.minute(r.Time.Time) }, false},
				column[deliveryRow]{"KIND", func(r deliveryRow) string { return r.Kind }, false},
				column[deliveryRow]{"SUBJECT", func(r deliveryRow) string { return r.Subject }, true},
				column[deliveryRow]{"TO", func(r deliveryRow) string {
					if r.Address != "" {
						return r.Address
					}
					return r.Channel
				}, true},
				column[deliveryRow]{"STATE", func(r deliveryRow) string {
					if r.Why != "" {
						return r.State + ": " + r.Why
					}
					return r.State
				}, true})
		}),
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "only those that failed and were not mended")
	cmd.Flags().IntVar(&limit, "limit", 50, "how `many`")
	return cmd
}

// deliveries lists deliveries, and notices that have none (yet).
func (w *workspace) deliveries(failed bool, limit int) ([]deliveryRow, error) {
	list, err := site.Deliveries(w.store, failed, min(max(limit, 1), 10_000))
	var rows []deliveryRow
	for _, d := range list {
		rows = append(rows, deliveryRow{d.ID, d.Notice, d.Kind, d.Severity, d.Subject, d.Channel, d.Address, d.State, d.Attempts, stamp{d.Time}, stamp{d.Next}, stamp{d.Sent}, d.Why})
	}
	return rows, err
}

func (a *app) noticeRetry() *cobra.Command {
	return &cobra.Command{
		Use: "retry [NO]", Short: "Try a delivery again now; without a number all that were given up",
		Example: "  custody notice retry\n  custody notice retry 17",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id uint64
			if len(args) == 1 {
				var err error
				if id, err = strconv.ParseUint(args[0], 10, 63); err != nil || id == 0 {
					return usage(cmd, "NO is the number of a delivery")
				}
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			defer w.close()
			n, err := w.store.RetryDelivery(id, a.now())
			if err != nil {
				return err
			}
			return a.done(map[string]int{"retried": n}, "%d deliveries are due now; the running gate sends them.", n)
		},
	}
}

func (a *app) noticeTest() *cobra.Command {
	return &cobra.Command{
		Use: "test", Short: "Put a notice for trial: every channel gets it from the running gate",
		Example: "  custody notice test",
		Args:    takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			n, err := w.notices()
			if err != nil {
				return err
			}
			if len(n.Receivers) == 0 {
				return custody.E(custody.CodeInvalid, "custody.yaml declares no channel", "add notices.mail, a webhook, a syslog collector or a file; custody config example shows how")
			}
			m := notice.Trying()
			if err := notice.NewOutbox(w.store, a.now).Put(m); err != nil {
				return err
			}
			return a.done(map[string]any{"key": m.Key, "channels": len(n.Receivers)}, "It is in the outbox for %s. custody notice list tells what becomes of it.", plural(len(n.Receivers), "channel"))
		}),
	}
}

func (a *app) noticeKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Make a key for the signatures of a webhook",
		Long:    "Make a key for the signatures of a webhook. Put it into the file that credential names,\nand into the receiver's settings. Nothing is kept by this command.",
		Example: "  custody notice key",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			var b [32]byte
			_, _ = rand.Read(b[:]) // never fails
			key := "whsec_" + base64.StdEncoding.EncodeToString(b[:])
			return a.done(map[string]string{"key": key}, "%s", key)
		},
	}
}
