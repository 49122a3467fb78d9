package site

import (
	"fmt"
	"slices"
	"strconv"

	"custody"
	"custody/notice"
	"custody/signin"
)

// confirmAt gives the page on which people of a system confirm what an application asked
// in their name: the door of its own portal, else of the console, else of any portal;
// empty if there is none.
func (s *Site) confirmAt(system string) string {
	at := ""
	if s.o.Console != nil && s.o.Console.Public != nil {
		at = s.o.Console.Public.String()
	}
	for i := range s.o.Systems {
		p := s.o.Systems[i].Portal
		if p != nil && p.Public != nil && (at == "" || s.o.Systems[i].Name == system) {
			at = p.Public.String()
		}
	}
	if at == "" {
		return ""
	}
	return at + signin.Prefix + "confirm"
}

// denied tells of somebody who says that it was not they who looked: nobody learns from
// the notice who it is.
func (s *Site) denied(person custody.PersonID) {
	list, err := s.o.Store.Alerts(false)
	if err != nil {
		s.o.Log.Error("that somebody denies an alert's looks could not be told", "err", err)
		return
	}
	for i := range list {
		a := &list[i]
		if !slices.Contains(a.About(), person) {
			continue
		}
		if err := s.Notices.Put(notice.Message{
			Key: fmt.Sprintf("alert-%d-denied", a.ID), Kind: notice.AlertRaised, Severity: notice.High,
			Subject: fmt.Sprintf("Alert %d: the person says that it was not they who looked", a.ID),
			Text:    fmt.Sprintf("%s\n\nWhoever the login belongs to was asked, after signing in anew, and says that it was not they. Nothing more is shown in their name through an application until the alert was reviewed: custody alert show %d.\n", a.Says, a.ID),
			Path:    "/alerts/" + strconv.FormatInt(a.ID, 10), Data: map[string]string{"alert": strconv.FormatInt(a.ID, 10), "rule": a.Rules[0]}, System: a.System, Time: s.o.Now(),
		}); err != nil {
			s.o.Log.Error("that somebody denies an alert's looks could not be told", "alert", a.ID, "err", err)
		}
	}
}
