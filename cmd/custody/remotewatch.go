package main

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"custody"
	"custody/console"
)

// remoteWatchCommands are those about alerts and complaints.
func (a *app) remoteWatchCommands() map[string]func(*cobra.Command, []string) error {
	return map[string]func(*cobra.Command, []string) error{
		"custody alert list": a.remoteAlerts, "custody alert show": a.remoteAlert, "custody alert review": a.remoteReviewAlert, "custody alert unseal": a.remoteUnseal,
		"custody complaint list": a.remoteComplaints, "custody complaint add": a.remoteComplaint, "custody complaint show": a.remoteShowComplaint,
		"custody complaint acknowledge": a.remoteOnComplaint("acknowledge"), "custody complaint erase": a.remoteOnComplaint("erase"),
		"custody complaint close": a.remoteOnComplaint("close"),
	}
}

func (a *app) remoteAlerts(cmd *cobra.Command, _ []string) error {
	q := url.Values{}
	if text(cmd, "all") == "true" {
		q.Set("all", "yes")
	}
	return remoteList(a, "alerts", q, "No alert waits for review.",
		column[console.AlertItem]{"ID", func(r console.AlertItem) string { return number(r.ID) }, false},
		column[console.AlertItem]{"STATE", func(r console.AlertItem) string { return r.State }, false},
		column[console.AlertItem]{"WHO", func(r console.AlertItem) string { return r.Who }, true},
		column[console.AlertItem]{"RAISED", func(r console.AlertItem) string { return a.minute(r.Raised) }, false},
		column[console.AlertItem]{"SAYS", func(r console.AlertItem) string { return r.Says }, true})
}

func (a *app) remoteAlert(_ *cobra.Command, args []string) error {
	var s console.AlertState
	if err := a.call(http.MethodGet, "alerts/"+url.PathEscape(args[0]), nil, &s); err != nil {
		return err
	}
	if a.json {
		return a.object(s)
	}
	a.say("Alert %d, %s: %s\n", s.ID, s.State, printable(s.Says))
	for _, f := range s.Findings {
		a.say("- %s (version %v): %s", f.Rule, f.Version, printable(f.Says))
	}
	a.say("\nWho:      %s%s", printable(s.Who), map[bool]string{true: " (sealed with device, session, right and entries: custody alert unseal)"}[s.Sealed])
	if len(s.Logins) > 0 {
		a.say("Logins:   %s", printable(strings.Join(s.Logins, ", ")))
	}
	if s.Device != "" {
		a.say("Where:    %s, device %s", printable(s.System), printable(s.Device))
	}
	a.say("When:     %s to %s", a.local(s.From), a.local(s.Until))
	if len(s.Entries) > 0 {
		a.say("Entries:  %s", entries(s.Entries, s.InAll))
	}
	for _, r := range s.Reviews {
		a.say("Review:   %s, %s, %s: %s", a.minute(r.Time), r.By, r.State, printable(r.Reason))
	}
	return nil
}

func (a *app) remoteReviewAlert(cmd *cobra.Command, args []string) error {
	d := console.Decision{State: text(cmd, "state"), Reason: text(cmd, "reason")}
	if err := a.call(http.MethodPost, "alerts/"+url.PathEscape(args[0])+"/review", d, nil); err != nil {
		return err
	}
	return a.done(d, "Alert %s: %s.", args[0], d.State)
}

func (a *app) remoteUnseal(cmd *cobra.Command, args []string) error {
	var i console.AlertItem
	if err := a.call(http.MethodPost, "alerts/"+url.PathEscape(args[0])+"/unseal", console.Why{Reason: text(cmd, "reason")}, &i); err != nil {
		return err
	}
	if i.Sealed {
		return a.done(i, "You have asked. A second person has to ask as well.")
	}
	return a.done(i, "Alert %s is about %s, %s.", args[0], printable(i.Who), printable(cmp.Or(i.Login, strings.Join(i.Logins, ", "))))
}

func (a *app) remoteComplaints(cmd *cobra.Command, _ []string) error {
	rows, err := remoteItems[console.ComplaintItem](a, "complaints", nil)
	if err != nil {
		return err
	}
	if text(cmd, "open") == "true" {
		rows = slices.DeleteFunc(rows, func(c console.ComplaintItem) bool { return !c.Acknowledged.IsZero() || !c.Erased.IsZero() })
	}
	return list(a, rows, "There are no complaints.",
		column[console.ComplaintItem]{"REFERENCE", func(c console.ComplaintItem) string { return c.Reference }, false},
		column[console.ComplaintItem]{"RECEIVED", func(c console.ComplaintItem) string { return a.minute(c.Received) }, false},
		column[console.ComplaintItem]{"ACKNOWLEDGE BY", func(c console.ComplaintItem) string { return a.minute(c.Due) }, false},
		column[console.ComplaintItem]{"ACKNOWLEDGED", func(c console.ComplaintItem) string { return a.minute(c.Acknowledged) }, false})
}

func (a *app) remoteComplaint(cmd *cobra.Command, _ []string) error {
	if text(cmd, "received") != "" || text(cmd, "ref") != "" {
		return custody.E(custody.CodeUnsupported, "through --server a complaint is received now", "leave out --received and --ref")
	}
	n := console.NewComplaint{SaidItem: console.SaidItem{Name: text(cmd, "name"), Answer: text(cmd, "answer"), Phone: text(cmd, "phone"), Email: text(cmd, "email"),
		Vehicle: text(cmd, "vehicle"), Key: text(cmd, "customer"), System: text(cmd, "system"), Caller: text(cmd, "caller"), Claimed: text(cmd, "claimed"),
		Knew: text(cmd, "knew"), Words: text(cmd, "words")}}
	var err error
	if n.Called, err = a.when(cmd, "called"); err != nil {
		return err
	}
	var r console.Reference
	if err := a.call(http.MethodPost, "complaints", n, &r); err != nil {
		return err
	}
	if r.Known {
		return a.done(r, "This complaint was taken before, as %s. Nothing was added.", r.Reference)
	}
	return a.done(r, "Taken as %s.", r.Reference)
}

func (a *app) remoteShowComplaint(_ *cobra.Command, args []string) error {
	var s console.ComplaintState
	if err := a.call(http.MethodGet, "complaints/"+url.PathEscape(args[0]), nil, &s); err != nil {
		return err
	}
	if a.json {
		return a.object(s)
	}
	a.say("Complaint %s, received %s, to be acknowledged by %s", s.Reference, a.minute(s.Received), a.minute(s.Due))
	for _, l := range [][2]string{{"Name", s.Said.Name}, {"Answer to", s.Said.Answer}, {"Phone", s.Said.Phone}, {"Mail", s.Said.Email}, {"Vehicle", s.Said.Vehicle},
		{"Caller", s.Said.Caller}, {"Claimed", s.Said.Claimed}, {"Knew", s.Said.Knew}, {"Words", s.Said.Words}} {
		if l[1] != "" {
			a.say("%-10s %s", l[0]+":", printable(l[1]))
		}
	}
	return nil
}

func (a *app) remoteOnComplaint(verb string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if text(cmd, "draft") == "true" {
			return custody.E(custody.CodeUnsupported, "through --server the letter is part of the complaint", "custody complaint show --json has it")
		}
		if verb == "erase" && text(cmd, "yes") != "true" {
			return custody.E(custody.CodeInvalid, "through --server nobody is asked", "repeat it with --yes: what the complaint says goes for good")
		}
		if err := a.call(http.MethodPost, "complaints/"+url.PathEscape(args[0])+"/"+verb, nil, nil); err != nil {
			return err
		}
		return a.done(map[string]string{"complaint": args[0], "done": verb}, "Complaint %s: done.", strings.ToUpper(args[0]))
	}
}
