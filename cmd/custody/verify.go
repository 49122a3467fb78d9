package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"custody"
	"custody/ledger"
	"custody/site"
)

func (a *app) verifyCommand() *cobra.Command {
	var extract, key, sent string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check the whole ledger, or an extract, offline",
		Long: `Check every byte that counts: each frame's checksums, form and place in the chain,
each event's hash, the Merkle log, and each checkpoint's signature. A gate may be
running meanwhile. With --extract only that file and the verifier key are needed:
no working directory, no server.

With --checkpoint the ledger is also held to a checkpoint that somebody kept: its frames
must be there, and be those that were signed. The file may be the checkpoint itself, a
mail as it was saved, or a line of a log.

Exit code 1 means that the check worked and found damage or a forgery.`,
		Example: "  custody ledger verify\n  custody ledger verify --checkpoint kept-by-partner.txt\n  custody ledger verify --extract subject-4711.extract --key ledger.pub",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if extract != "" && sent != "" {
				return usage(cmd, "--extract and --checkpoint are two checks: run one after the other")
			}
			if extract != "" {
				return a.verifyExtract(extract, key)
			}
			return a.verifyLedger(key, sent)
		},
	}
	cmd.Flags().StringVar(&sent, "checkpoint", "", "hold the ledger to the checkpoint in this `file`")
	cmd.Flags().StringVar(&extract, "extract", "", "check this `file`; - is standard input")
	cmd.Flags().StringVar(&key, "key", verifierFile, "verifier key: a `file`, or the key itself")
	return cmd
}

func (a *app) verifyLedger(key, sent string) error {
	r, held, err := a.check(key, sent)
	if err != nil {
		return err
	}
	if a.json {
		row := makeReportRow(r)
		if held != nil {
			row.Held = held.Size
		}
		return a.object(row)
	}
	if held != nil {
		a.say("It holds the checkpoint that was kept: %d frames, root %s.", held.Size, held.Root)
	}
	a.say("The ledger %s is whole: %s in %s, %s of customers.", r.Origin,
		plural(int(r.Events), "event"), plural(int(r.Frames), "frame"), plural(int(r.Disclosures), "disclosure"))
	if r.Signed != nil {
		a.say("%s checked; the newest signs for %d of %d frames, root %s.", plural(r.Checkpoints, "checkpoint"), r.Signed.Size, r.Frames, r.Signed.Root)
	} else {
		a.say("Nothing is signed yet: custody serve signs.")
	}
	if r.TornBytes > 0 {
		a.say("A crash left %d bytes of a frame that was never acknowledged; nothing in it was released.", r.TornBytes)
	}
	if r.ClockBehind > 0 {
		a.say("%d times the clock was behind the event before, at most by %s.", r.ClockBehind, r.ClockBehindMost)
	}
	return nil
}

// check verifies the whole ledger, and holds it to a checkpoint if a file is given.
func (a *app) check(key, sent string) (*ledger.Report, *ledger.Checkpoint, error) {
	if sent != "" {
		return a.verifySent(sent, key)
	}
	v, err := a.verifier(key)
	if err != nil {
		return nil, nil, err
	}
	r, err := ledger.Verify(a.path(ledgerDir), v)
	return r, nil, err
}

type reportRow struct {
	OK          bool   `json:"ok"`
	Origin      string `json:"origin"`
	Segments    int    `json:"segments"`
	Frames      uint64 `json:"frames"`
	Events      uint64 `json:"events"`
	Disclosures uint64 `json:"disclosures"`
	Bytes       int64  `json:"bytes"`
	First       stamp  `json:"first,omitzero"`
	Last        stamp  `json:"last,omitzero"`
	Checkpoints int    `json:"checkpoints"`
	Signed      uint64 `json:"signed_frames"`
	Root        string `json:"root,omitempty"`
	TornBytes   int64  `json:"torn_bytes"`
	ClockBehind uint64 `json:"clock_behind"`
	Held        uint64 `json:"held_checkpoint_frames,omitempty"` // of the checkpoint that was given
}

func makeReportRow(r *ledger.Report) reportRow {
	row := reportRow{OK: true, Origin: r.Origin, Segments: r.Segments, Frames: r.Frames, Events: r.Events, Disclosures: r.Disclosures,
		Bytes: r.Bytes, First: stamp{r.First}, Last: stamp{r.Last}, Checkpoints: r.Checkpoints, TornBytes: r.TornBytes, ClockBehind: r.ClockBehind}
	if r.Signed != nil {
		row.Signed, row.Root = r.Signed.Size, r.Signed.Root.String()
	}
	return row
}

func (a *app) verifyExtract(file, key string) error {
	v, err := a.verifier(key)
	if err != nil {
		return err
	}
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return custody.E(custody.CodeNotFound, "the extract cannot be opened", "check the file's name")
		}
		defer f.Close()
		in = f
	}
	r, err := ledger.VerifyExtract(in, v)
	if err != nil {
		if custody.CodeOf(err) == custody.CodeInvalid {
			return finding{err, 1} // the check worked; the extract does not hold
		}
		return err
	}
	return a.showExtract(r)
}

type provenRow struct {
	Event        uint64                 `json:"event"`
	Time         stamp                  `json:"time"`
	Kind         string                 `json:"kind"`
	Person       custody.PersonID       `json:"person,omitempty"`
	Application  custody.ApplicationID  `json:"application,omitempty"`
	Organisation custody.OrganisationID `json:"organisation,omitempty"`
	System       custody.SystemID       `json:"system"`
	Session      custody.SessionID      `json:"session"`
	Categories   []string               `json:"categories"`
	Masked       []string               `json:"masked"`
	Route        string                 `json:"route"`
	Subjects     []custody.SubjectID    `json:"subjects,omitempty"`
}

// nameRow is a proven name.
type nameRow struct {
	Subject custody.SubjectID `json:"subject"`
	System  custody.SystemID  `json:"system"`
	Key     string            `json:"key"`
}

func orNone(s string) string {
	if s == "0" {
		return "-"
	}
	return s
}

func (a *app) showExtract(r *ledger.ExtractReport) error {
	rows := make([]provenRow, len(r.Events))
	for i := range r.Events {
		e := &r.Events[i]
		rows[i] = provenRow{e.Number, stamp{e.Time}, e.Kind.String(), e.Person, e.Application, e.Organisation, e.System, e.Session,
			e.Clear.Strings(), e.Masked.Strings(), e.Route.String(), e.Subjects}
	}
	err := list(a, rows, "The extract proves no event.",
		column[provenRow]{"EVENT", func(p provenRow) string { return number(p.Event) }, false},
		column[provenRow]{"TIME (UTC)", func(p provenRow) string { return p.Time.UTC().Format("2006-01-02 15:04:05") }, false},
		column[provenRow]{"KIND", func(p provenRow) string { return p.Kind }, false},
		column[provenRow]{"PERSON", func(p provenRow) string { return orNone(number(p.Person)) }, false},
		column[provenRow]{"SESSION", func(p provenRow) string { return orNone(number(p.Session)) }, false},
		column[provenRow]{"SAW", func(p provenRow) string { return eventRow{Categories: p.Categories, Masked: p.Masked}.saw() }, true},
		column[provenRow]{"ROUTE", func(p provenRow) string { return p.Route }, false},
		column[provenRow]{"SUBJECTS", func(p provenRow) string { return number(uint32(len(p.Subjects))) }, false})
	if err != nil {
		return err
	}
	names := make([]nameRow, len(r.Names))
	for i, n := range r.Names {
		names[i] = nameRow{n.Subject, n.System, n.Key}
	}
	if a.json {
		return a.object(map[string]any{"ok": true, "origin": r.Origin, "signed_frames": r.Checkpoint.Size, "events": len(r.Events), "names": names, "unsigned": r.Unsigned, "unnamed": r.Unnamed})
	}
	for _, n := range names[:min(len(names), shownSubjects)] {
		a.say("Subject %d is key %s of system %d.", n.Subject, printable(n.Key), n.System)
	}
	if more := len(names) - shownSubjects; more > 0 {
		a.say("--json names %d more.", more)
	}
	a.say("Proven: %s of the ledger %s, under the checkpoint over %d frames.", plural(len(r.Events), "event"), r.Origin, r.Checkpoint.Size)
	return nil
}

func (a *app) extractCommand() *cobra.Command {
	var system, subject, person, out string
	var p period
	cmd := &cobra.Command{
		Use: "extract", Short: "Write a proof of who saw a customer, or what a person saw",
		Long: `Write the events about one customer or one person with their proofs. Anyone can check
the file with custody ledger verify --extract and the key in keys/ledger.pub,
without this ledger; docs/formats.md says how to write another checker.`,
		Example: "  custody ledger extract --system bodyshop --subject 4711 --out subject-4711.extract\n  custody ledger extract --person alice@northfield.example --since 30d --out alice.extract",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (subject == "") == (person == "") || (subject == "") != (system == "") {
				return usage(cmd, "give either --system and --subject, or --person")
			}
			return a.extract(system, subject, person, out, &p)
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "the customer's `system`")
	cmd.Flags().StringVar(&subject, "subject", "", "the customer's `key`")
	cmd.Flags().StringVar(&person, "person", "", "`login` of a person")
	cmd.Flags().StringVar(&out, "out", "-", "write to this `file`; - is standard output")
	p.flags(cmd)
	return cmd
}

func (a *app) extract(system, subject, login, out string, p *period) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	q := ledger.Query{}
	if q.From, q.To, err = p.bounds(a); err != nil {
		return err
	}
	if login != "" {
		person, err := w.person(login)
		if err != nil {
			return err
		}
		q.Person = person.ID
	} else if q.Subject, err = w.subject(system, subject); err != nil {
		return err
	}
	reader, err := w.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	return a.toFile(out, func(to io.Writer) error { return reader.WriteExtract(to, q, site.NameProofs(w.store)) })
}

// toFile writes a new file, which is removed again if fn fails; - is standard output.
func (a *app) toFile(name string, fn func(io.Writer) error) error {
	if name == "-" {
		return fn(a.out)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return custody.E(custody.CodeConflict, "the file is there already", "choose another name with --out")
	}
	if err != nil {
		return asUnavailable(err)
	}
	if err := errors.Join(fn(f), f.Close()); err != nil {
		os.Remove(name)
		return err
	}
	return a.done(map[string]string{"file": name}, "Written: %s. Check it with custody ledger verify --extract %s", name, name)
}
