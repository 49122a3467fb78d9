package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/detect"
	"custody/detect/watch"
	"custody/site"
	"custody/store"
)

// detection fits what custody.yaml says of detection to the site.
func (w *workspace) detection() (site.Detection, error) {
	c := &w.config.Detection
	d := site.Detection{Off: c.Run == "off", Policy: detect.DefaultPolicy(), Actions: map[detect.Rule][]string{},
		LowerTo: uint32(c.LowerTo), Restrain: c.Restrain.Std(), Refresh: c.Refresh.Std(), Mine: c.Mine.Std()}
	d.Policy.Budget = float64(c.Budget)
	for rule, actions := range c.Actions {
		d.Actions[detect.Rule(rule)] = actions
	}
	var err error
	d.Places, err = w.places(c.Places)
	return d, err
}

// places reads the table of places.
func (w *workspace) places(name string) (*detect.Places, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(w.path(name))
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the table of places cannot be read: " + name,
			Hint: "detection.places in custody.yaml names a file in the working directory; \"\" is none", Err: err}
	}
	defer f.Close()
	return detect.ReadPlaces(bufio.NewReaderSize(f, 1<<16))
}

func (a *app) alertCommand() *cobra.Command {
	return group("alert", "What the detectors found, and its review",
		"  custody alert list\n  custody alert show 12", a.alertList(), a.alertShow(), a.alertReview(), a.alertUnseal(), a.alertBudget(), a.alertScan(), a.alertReasons())
}

func (a *app) alertList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the alerts that wait for review, the strongest first",
		Example: "  custody alert list\n  custody alert list --all --json", Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error { return w.listAlerts(all) }),
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those whose review has ended")
	return cmd
}

// alertRow is an alert as it is printed: by pseudonym until it is unsealed.
type alertRow struct {
	ID       int64    `json:"id"`
	State    string   `json:"state"`
	Person   string   `json:"person,omitempty"`
	Several  int      `json:"logins_on_device,omitempty"` // it is about a device on which so many logins looked
	Logins   []string `json:"logins,omitempty"`           // theirs, once two people have asked
	Sealed   bool     `json:"sealed"`
	System   string   `json:"system,omitempty"`
	Device   string   `json:"device,omitempty"`
	Rules    []string `json:"rules"`
	Says     string   `json:"says"`
	Strength float64  `json:"strength"`
	Held     bool     `json:"over_budget"`
	Raised   stamp    `json:"raised"`
	Noticed  stamp    `json:"noticed"`
}

func (w *workspace) alertRow(x *store.Alert) alertRow {
	x.Seal()
	row := alertRow{ID: x.ID, State: x.State, Person: w.whoIs(x), Several: len(x.Logins), Sealed: x.Sealed(), System: x.SystemName, Device: x.Device, Rules: x.Rules,
		Says: x.Says, Strength: x.Strength, Held: x.Held, Raised: stamp{x.Raised}, Noticed: stamp{x.Made}}
	for _, l := range x.Logins {
		if l.Login != "" {
			row.Logins = append(row.Logins, l.Login)
		}
	}
	return row
}

// whoIs gives the person of an alert: the login once two people asked for it, until
// then a pseudonym that is the same for all alerts about the person.
func (w *workspace) whoIs(x *store.Alert) string {
	switch {
	case len(x.Logins) > 0:
		return "a device used by " + plural(len(x.Logins), "login")
	case x.Person == 0:
		return ""
	case !x.Sealed():
		return x.Login
	}
	return site.AlertPseudonym(w.identity, x.Person)
}

func (w *workspace) listAlerts(all bool) error {
	found, err := w.store.Alerts(all)
	if err != nil {
		return err
	}
	rows := make([]alertRow, len(found))
	for i := range found {
		rows[i] = w.alertRow(&found[i])
	}
	return list(w.app, rows, "There are no alerts.",
		column[alertRow]{"ALERT", func(r alertRow) string { return strconv.FormatInt(r.ID, 10) }, false},
		column[alertRow]{"RAISED", func(r alertRow) string { return w.minute(r.Raised.Time) }, false},
		column[alertRow]{"WHO", func(r alertRow) string { return r.Person }, true},
		column[alertRow]{"STATE", func(r alertRow) string { return r.State + map[bool]string{true: ", over budget"}[r.Held] }, true},
		column[alertRow]{"WHAT", func(r alertRow) string { return r.Says }, true})
}

func (a *app) alertShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NUMBER", Short: "Show an alert: what was found, expected, tried and not excluded",
		Long: `Show an alert in plain English first: what each detector expected and observed, the login's
pseudonym, right, device and session, the ledger entries in question by their numbers,
the reasons that were tried, the innocent explanations that are not excluded, what was
done, and what reviewers decided. The login's name, device, session and right are shown
once two people have asked for them: custody alert unseal.`,
		Example: "  custody alert show 12\n  custody alert show 12 --json", Args: takes("number"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.showAlert(cmd, args[0]) },
	}
}

// alertDetail is one alert in full.
type alertDetail struct {
	alertRow
	key     string
	session custody.SessionID
	grant   custody.GrantID
	body    detect.Alert
	done    []string
	reviews []alertDecision
}

type alertDecision struct {
	Time   stamp  `json:"time"`
	By     string `json:"by"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func (a *app) showAlert(cmd *cobra.Command, text string) error {
	id, w, err := a.oneAlert(cmd, text)
	if err != nil {
		return err
	}
	defer w.close()
	x, err := w.store.Alert(id)
	if err != nil {
		return err
	}
	row := w.alertRow(x) // it seals
	d := alertDetail{alertRow: row, key: x.Key, session: x.Session, grant: x.Grant}
	if err := json.Unmarshal(x.Body, &d.body); err != nil {
		return err
	}
	if d.done, err = w.store.AlertActions(id); err != nil {
		return err
	}
	reviews, err := w.store.AlertReviews(id)
	if err != nil {
		return err
	}
	for _, r := range reviews {
		d.reviews = append(d.reviews, alertDecision{stamp{r.Time}, r.Login, r.State, r.Reason})
	}
	if a.json {
		return a.object(d.object())
	}
	a.sayAlert(&d)
	return nil
}

// object is the alert for programs.
func (d *alertDetail) object() map[string]any {
	return map[string]any{
		"alert": d.alertRow, "key": d.key, "session": d.session, "grant": d.grant, "from": stamp{d.body.From}, "until": stamp{d.body.Until}, "findings": d.body.Findings,
		"entries": d.body.Entries, "complaints": d.body.Complaints, "entries_in_all": d.body.InAll, "customers": d.body.Customers, "branches": d.body.Branches, "unexplained": d.body.Unexplained,
		"templates_tried": d.body.Tried, "not_excluded": d.body.Innocent, "done": d.done, "reviews": d.reviews,
	}
}

func (a *app) sayAlert(d *alertDetail) {
	a.say("Alert %d, %s: %s\n", d.ID, d.State, d.Says)
	for _, f := range d.body.Findings {
		a.say("- %s (version %s): %s", f.Rule, f.Version, f.Says)
		a.say("  %s: %s observed, %s expected%s%s", f.Of, short(f.Observed), short(f.Expected), byChance(f.Evidence), parameters(f.Parameters))
	}
	a.say("\nWho:      %s%s", printable(cmp.Or(d.Person, "nobody in particular")), map[bool]string{true: " (sealed with device, session and right: custody alert unseal)"}[d.Sealed])
	if len(d.Logins) > 0 {
		a.say("Logins:   %s", printable(strings.Join(d.Logins, ", ")))
	}
	a.say("Where:    %s%s", d.System, d.where())
	a.say("When:     %s to %s", a.local(d.body.From), a.local(d.body.Until))
	if len(d.body.Entries) > 0 {
		a.say("Entries:  %s", entries(d.body.Entries, d.body.InAll))
	}
	if len(d.body.Complaints) > 0 {
		a.say("Rests on: complaints %s", entries(d.body.Complaints, len(d.body.Complaints)))
	}
	for _, t := range d.body.Tried {
		a.say("Tried:    %s", printable(t))
	}
	for _, t := range d.body.Innocent {
		a.say("Possible: %s", t)
	}
	if len(d.done) > 0 {
		a.say("Done:     %s", strings.Join(d.done, ", "))
	}
	for _, r := range d.reviews {
		a.say("Review:   %s %s by %s: %s", a.minute(r.Time.Time), r.State, printable(r.By), printable(r.Reason))
	}
}

// where is the device, session and right of an alert, as far as they are known and not
// sealed.
func (d *alertDetail) where() (text string) {
	if d.Device != "" {
		text += ", device " + printable(d.Device)
	}
	if d.session != 0 {
		text += fmt.Sprintf(", session %d", d.session)
	}
	if d.grant != 0 {
		text += fmt.Sprintf(", by grant %d", d.grant)
	}
	return text
}

func short(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

func byChance(evidence float64) string {
	if evidence <= 1 {
		return ""
	}
	return fmt.Sprintf("; by chance once in %.3g person-days", evidence)
}

func parameters(p map[string]float64) string {
	var list []string
	for name, v := range p {
		list = append(list, name+" "+short(v))
	}
	slices.Sort(list)
	if len(list) == 0 {
		return ""
	}
	return "; " + strings.Join(list, ", ")
}

// entries writes the first numbers of the ledger's events.
func entries(list []uint64, inAll int) string {
	const most = 40
	var words []string
	for _, n := range list[:min(len(list), most)] {
		words = append(words, strconv.FormatUint(n, 10))
	}
	text := strings.Join(words, " ")
	if inAll > len(words) {
		text += fmt.Sprintf(" and %d more (--json has %d)", inAll-len(words), len(list))
	}
	return text
}

// oneAlert reads an alert's number and opens the working directory.
func (a *app) oneAlert(cmd *cobra.Command, text string) (int64, *workspace, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, nil, usage(cmd, "NUMBER is an alert's number")
	}
	w, err := a.open()
	return id, w, err
}

func (a *app) alertReview() *cobra.Command {
	var by, state, reason string
	cmd := &cobra.Command{
		Use: "review NUMBER", Short: "Decide about an alert, with a reason",
		Long: `Decide about an alert: looking (somebody is at it), explained (the looks had a reason),
mistaken (the alert should not have come) or confirmed (it was misuse). Every decision is
kept with its reason. explained and mistaken lift what was done by ask-reason and
lower-limit. What reviews say of a detector moves its share of the budget of alerts,
shown by custody alert budget; its rules stay as they are. Nobody reviews an alert about
themselves.`,
		Example: `  custody alert review 12 --by lead@northfield.example --state explained --reason "stocktaking, agreed by the branch"`,
		Args:    takes("number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.reviewAlert(cmd, args[0], by, state, reason) },
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&state, "state", "", "the `decision`: "+strings.Join(store.AlertStates, ", "))
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a few `words` without customers' names")
	require(cmd, "state", "reason")
	return cmd
}

func (a *app) reviewAlert(cmd *cobra.Command, text, by, state, reason string) error {
	if !slices.Contains(store.AlertStates, state) {
		return usage(cmd, "--state is one of "+strings.Join(store.AlertStates, ", "))
	}
	id, w, err := a.oneAlert(cmd, text)
	if err != nil {
		return err
	}
	defer w.close()
	person, err := w.actor(by)
	if err != nil {
		return err
	}
	if err := w.store.ReviewAlert(id, person, state, reason, a.now()); err != nil {
		return err
	}
	return a.done(map[string]any{"alert": id, "state": state}, "Alert %d is %s.", id, state)
}

func (a *app) alertUnseal() *cobra.Command {
	var by, reason string
	cmd := &cobra.Command{
		Use: "unseal NUMBER", Short: "Ask for the name behind an alert; two people have to",
		Long: `Ask to see whom an alert is about. The name is shown once two different people have asked,
each with a reason that is kept. Nobody asks about an alert about themselves.`,
		Example: `  custody alert unseal 12 --by lead@northfield.example --reason "the looks have no reason; talk to the branch"`,
		Args:    takes("number"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.unsealAlert(cmd, args[0], by, reason) },
	}
	byFlag(cmd, &by)
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a few `words`")
	require(cmd, "reason")
	return cmd
}

func (a *app) unsealAlert(cmd *cobra.Command, text, by, reason string) error {
	id, w, err := a.oneAlert(cmd, text)
	if err != nil {
		return err
	}
	defer w.close()
	person, err := w.actor(by)
	if err != nil {
		return err
	}
	unsealed, err := w.store.UnsealAlert(id, person, reason, a.now())
	if err != nil {
		return err
	}
	if !unsealed {
		return a.done(map[string]any{"alert": id, "unsealed": false}, "Noted. A second person has to ask for the name of alert %d.", id)
	}
	x, err := w.store.Alert(id)
	if err != nil {
		return err
	}
	row := w.alertRow(x)
	about := row.Person
	if len(row.Logins) > 0 {
		about += ": " + strings.Join(row.Logins, ", ")
	}
	return a.done(map[string]any{"alert": id, "unsealed": true, "person": x.Login, "logins": row.Logins}, "Alert %d is about %s.", id, printable(about))
}

func (a *app) alertBudget() *cobra.Command {
	return &cobra.Command{
		Use: "budget", Short: "Show how reviews have moved the detectors' shares of the budget", Example: "  custody alert budget", Args: takes(),
		RunE: a.opened(func(w *workspace, _ *cobra.Command, _ []string) error {
			moves, err := w.store.AlertBudgets()
			if err != nil {
				return err
			}
			type row struct {
				Since  stamp   `json:"since"`
				Rule   string  `json:"rule"`
				Factor float64 `json:"factor"`
				Reason string  `json:"reason"`
			}
			rows := make([]row, len(moves))
			for i, m := range moves {
				rows[i] = row{stamp{m.Time}, m.Rule, m.Share, m.Reason}
			}
			return list(a, rows, "Every detector has its share as it came.",
				column[row]{"SINCE", func(r row) string { return a.minute(r.Since.Time) }, false},
				column[row]{"DETECTOR", func(r row) string { return r.Rule }, false},
				column[row]{"SHARE TIMES", func(r row) string { return short(r.Factor) }, false},
				column[row]{"BECAUSE", func(r row) string { return r.Reason }, true})
		}),
	}
}

func (a *app) alertScan() *cobra.Command {
	return &cobra.Command{
		Use: "scan", Short: "Run the detectors over the ledger while no gate runs",
		Long: `Run the detectors over the ledger and keep the alerts. A running gate does it by itself;
this is for a ledger that no gate writes, as one of imported logs only. Nothing is done
about the alerts, and what was scanned before raises nothing anew.`,
		Example: "  custody alert scan", Args: takes(),
		RunE: a.opened(func(w *workspace, cmd *cobra.Command, _ []string) error { return w.scanLedger(cmd) }),
	}
}

func (w *workspace) scanLedger(cmd *cobra.Command) error {
	reader, err := w.reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	found, err := w.detection()
	if err != nil {
		return err
	}
	o := site.Options{Store: w.store, Zone: w.config.Zone(), Detection: found, Now: w.now, Log: slog.New(slog.DiscardHandler)}
	c, err := site.ScanLedger(cmd.Context(), o, w.identity, reader.Index())
	if err != nil {
		return err
	}
	return w.done(c, "%s looks at customers scanned, %s of them first looks; %.1f %% of these are explained. %s, %d over the budget: custody alert list.",
		watch.Thousands(int(c.Looks)), watch.Thousands(int(c.FirstLooks)), 100*(1-float64(c.Unexplained)/max(float64(c.FirstLooks), 1)), plural(c.Alerts, "alert"), c.HeldBack)
}
