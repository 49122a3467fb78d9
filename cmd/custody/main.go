// Command custody guards customers' personal data: it is the gate, and everything an
// administrator does with it. Each subcommand has a file of its own; wire.go puts
// the parts together.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	a := &app{in: in, out: out, errw: errw, now: time.Now}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	a.json = a.json || slices.Contains(args, "--json") // a mistake before it keeps it from being read
	return a.report(err)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "custody",
		Short:         "Keep customers' personal data in known hands",
		Long:          rootHelp,
		Example:       "  custody init\n  custody discover postgres://gate@db.internal/bodyshop\n  custody serve",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", defaultDir(), "working `directory`; $CUSTODY_DIR if set")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON object a line, errors too")
	root.AddCommand(
		a.initCommand(), a.discoverCommand(), a.systemCommand(), a.organisationCommand(), a.personCommand(),
		a.grantCommand(), a.tokenCommand(), a.identityCommand(), a.certificateCommand(), a.applicationCommand(),
		a.sessionCommand(), a.setupCommand(), a.doctorCommand(), a.serveCommand(), a.consoleCommand(), a.portalCommand(),
		a.scimCommand(), a.noticeCommand(), a.backupCommand(), a.restoreCommand(), a.configCommand(), a.versionCommand(),
		a.ledgerCommand(), a.traceCommand(), a.complaintCommand(), a.labCommand(), a.subjectCommand(), a.policyCommand(),
	)
	root.AddCommand(a.watchCommand(), a.alertCommand(), a.canaryCommand())
	root.AddCommand(a.rightsCommands()...)
	prepare(root)
	a.registerRemote(root)
	return root
}
