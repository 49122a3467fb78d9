package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/lab"
	"custody/lab/live"
)

func (a *app) labCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lab", Short: "A simulated repair group, with insiders whose deeds are known",
		Long: `Simulate a vehicle-repair group: staff of many branches look at customers' records as
jobs come and go, and in each scenario somebody misuses what they may see. The same
scenario and seed give the same looks to the second. Nobody in it is real.`,
		Example: "  custody lab list\n  custody lab run borrowed-login --seed 7",
	}
	cmd.AddCommand(a.labListCommand(), a.labRunCommand())
	return cmd
}

func (a *app) labListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the scenarios", Example: "  custody lab list", Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			type row struct {
				Scenario string `json:"scenario"`
				About    string `json:"about"`
			}
			var rows []row
			for _, name := range lab.Scenarios() {
				rows = append(rows, row{name, lab.About(name)})
			}
			return list(a, rows, "There are none.",
				column[row]{"SCENARIO", func(r row) string { return r.Scenario }, false},
				column[row]{"WHAT HAPPENS", func(r row) string { return r.About }, true})
		},
	}
}

func (a *app) labRunCommand() *cobra.Command {
	var seed uint64
	var out, params string
	var days int
	var l labLive
	cmd := &cobra.Command{
		Use: "run SCENARIO", Short: "Run a scenario and write its access log, complaints and truth",
		Long: `Run a scenario and write its files: access.csv, the log that a hosted platform would
give; complaints.csv; jobs.csv, who was assigned to which customer; shifts.csv, who works
when; and truth.json, which says who really did it. custody trace reads the first two,
custody watch the log, the jobs and the roster.

With --live it is played at the doors of the gate that runs for this working directory,
in seconds: connections and pages of people with logins of their own, on the sample
repair group alone. The truth and the complaints are written; looks and alerts are in the
ledger, as real ones are. --prepare adds the people first, and writes their past. Live are
` + strings.Join(live.Stories(), ", ") + `.`,
		Example: "  custody lab run borrowed-login --seed 7\n  custody lab run own-calls --seed 3 --days 120 --out /tmp/own-calls\n  custody lab run borrowed-login --live --prepare\n  custody lab run borrowed-login --live",
		Args:    takes("SCENARIO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if l.on {
				return a.labLive(cmd.Context(), args[0], seed, out, &l)
			}
			return a.labRun(args[0], seed, out, params, days)
		},
	}
	cmd.Flags().BoolVar(&l.on, "live", false, "play it at the doors of the running gate")
	cmd.Flags().BoolVar(&l.prepare, "prepare", false, "with --live: add its people and write their past, before the gate runs")
	cmd.Flags().StringVar(&l.system, "system", "", "with --live: the `system`, if there are several")
	cmd.Flags().StringVar(&l.gate, "gate", "", "with --live: where the gate listens, `host:port`; listen of custody.yaml if not given")
	cmd.Flags().Var(&l.pace, "pace", "with --live: the `time` between two looks of a person (default 50ms)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "the run's `number`")
	cmd.Flags().StringVar(&out, "out", "", "the `folder` for the files; SCENARIO-SEED if not given")
	cmd.Flags().StringVar(&params, "params", "", "a `file` with other parameters; lab/lab.yaml lists them")
	cmd.Flags().IntVar(&days, "days", 0, "simulate so `many` days")
	return cmd
}

func (a *app) labRun(name string, seed uint64, out, params string, days int) error {
	var text []byte
	if params != "" {
		var err error
		if text, err = os.ReadFile(params); err != nil {
			return &custody.Error{Code: custody.CodeNotFound, Message: "the file of parameters cannot be read", Hint: "check its path", Err: err}
		}
	}
	p, err := lab.ParseParams(text)
	if err != nil {
		return err
	}
	if days > 0 {
		p.Days = days
	}
	if out == "" {
		out = fmt.Sprintf("%s-%d", name, seed)
	}
	run, looks, err := lab.Write(p, name, seed, out)
	if err != nil {
		return err
	}
	if a.json {
		return a.object(map[string]any{"truth": run.Truth, "looks": looks, "folder": out})
	}
	a.say("%s", lab.About(name))
	a.say("%d looks of %d logins, %s; the truth is in %s", looks, len(run.Staff), plural(len(run.Complaints), "complaint"), filepath.Join(out, lab.TruthFile))
	a.say("\nNext: custody trace --log %s --complaints %s", filepath.Join(out, lab.LogFile), filepath.Join(out, lab.ComplaintsFile))
	a.say("      custody watch --log %s --jobs %s", filepath.Join(out, lab.LogFile), filepath.Join(out, lab.JobsFile))
	if strings.HasPrefix(name, "borrowed") || name == "frame-up" {
		a.say("      and custody trace with --by device")
	}
	return nil
}
