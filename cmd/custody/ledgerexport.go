package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"custody"
)

func (a *app) ledgerExportCommand() *cobra.Command {
	var format, out string
	var from uint64
	var keys bool
	var p period
	cmd := &cobra.Command{
		Use: "export", Short: "Write events for other systems: OCSF for a SIEM, BALP for an audit repository",
		Long: `Write what is recorded, one JSON object a line. ocsf gives every event as the Open
Cybersecurity Schema Framework 1.3 has it: Datastore Activity for looks, changes and
refusals, Authentication for sessions. balp gives a FHIR R4 AuditEvent for each customer
of each look or change, after IHE's Basic Audit Log Patterns.

Customers are numbers of the ledger; --customer-keys writes their keys. The last number
is printed on standard error: --from-event continues behind it.`,
		Example: "  custody ledger export --format ocsf --since 24h --out events.jsonl\n  custody ledger export --format balp --from-event 120001",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "ocsf" && format != "balp" {
				return usage(cmd, "--format is ocsf or balp")
			}
			return a.exportLedger(format, out, from, keys, &p)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "`ocsf` or balp")
	cmd.Flags().StringVar(&out, "out", "-", "write to this `file`; - is standard output")
	cmd.Flags().Uint64Var(&from, "from-event", 1, "begin with the event of this `number`")
	cmd.Flags().BoolVar(&keys, "customer-keys", false, "write customers' keys instead of numbers")
	p.flags(cmd)
	require(cmd, "format")
	return cmd
}

func (a *app) exportLedger(format, file string, from uint64, keys bool, p *period) (err error) {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	since, until, err := p.bounds(a)
	if err != nil {
		return err
	}
	reader, n, err := w.history()
	if err != nil {
		return err
	}
	defer reader.Close()
	out := a.out
	if file != "-" {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return &custody.Error{Code: custody.CodeConflict, Message: "the file cannot be made", Hint: "name one that is not there yet, in a folder that is", Err: err}
		}
		defer f.Close()
		out = f
	}
	b := bufio.NewWriterSize(out, 1<<16)
	x := &exporter{w: w, names: n, enc: json.NewEncoder(b), keys: keys}
	x.enc.SetEscapeHTML(false)
	last, count := uint64(0), 0
	for number, e := range reader.Index().Events(from) {
		last = number
		if !since.IsZero() && e.Time.Before(since) || !until.IsZero() && !e.Time.Before(until) {
			continue
		}
		written, err := x.write(format, number, e)
		if err != nil {
			return err
		}
		count += written
	}
	if err := b.Flush(); err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the export cannot be written", Hint: "check free space", Err: err}
	}
	_, err = fmt.Fprintf(a.errw, "%s written; the last event was %d\n", plural(count, "object"), last)
	return err
}

// exporter writes events in the words of others.
type exporter struct {
	w     *workspace
	names *names
	enc   *json.Encoder
	keys  bool
}

func (x *exporter) write(format string, number uint64, e *custody.Event) (int, error) {
	if format == "ocsf" {
		event := x.ocsf(number, e)
		if event == nil {
			return 0, nil
		}
		return 1, x.enc.Encode(event)
	}
	if e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
		return 0, nil
	}
	for _, s := range e.Subjects {
		if err := x.enc.Encode(x.balp(number, e, s)); err != nil {
			return 0, err
		}
	}
	return len(e.Subjects), nil
}

// subject names a customer: by the ledger's number, or by the key if it may be told.
func (x *exporter) subject(s custody.SubjectID) string {
	if x.keys {
		return x.w.key(s)
	}
	return number(s)
}
