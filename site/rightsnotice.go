package site

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"custody"
	"custody/notice"
	"custody/store"
)

// noticesAtOnce bounds one look at what notices are to be told.
const noticesAtOnce = 200

// tellRights puts notices of what was done to rights into the outbox: once each, for
// the entry's number is the notice's key.
func (s *Site) tellRights(ctx context.Context) error {
	for {
		list, err := s.o.Store.UnnoticedRights(noticesAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		for i := range list {
			e := &list[i]
			if m := rightsNotice(e); m != nil {
				if m.To, err = s.rightsRecipients(ctx, e); err != nil {
					return err
				}
				m.Key, m.System, m.Time = "rights-"+strconv.FormatInt(e.ID, 10), e.System, e.Time
				m.Subject = clipped(m.Subject)
				if err := s.Notices.Put(*m); err != nil {
					return err
				}
			}
			if err := s.o.Store.RightNoticed(e.ID, s.o.Now()); err != nil {
				return err
			}
		}
	}
}

// rightsNotice puts an entry in words; nil for what nobody waits for.
func rightsNotice(e *store.RightsEntry) *notice.Message {
	m := &notice.Message{Severity: notice.Info, Data: map[string]string{"act": e.Act, "object": strconv.FormatInt(e.Object, 10)}}
	number := strconv.FormatInt(e.Object, 10)
	switch e.Act {
	case store.ActAsked:
		m.Kind, m.Path = notice.RequestFiled, "/requests/"+number
		m.Subject = fmt.Sprintf("%s asks for more in %s", e.Login, e.SystemName)
		m.Text = "Reason: " + e.Note + "\nA manager who is somebody else decides."
	case store.ActApproved, store.ActDeclined, store.ActLapsed:
		m.Kind, m.Path = notice.RequestDecided, "/requests/"+number
		m.Subject = fmt.Sprintf("Request %s of %s: %s", number, e.Login, e.Act)
		m.Text = e.Note
	case store.ActBreakGlass:
		m.Kind, m.Severity, m.Path = notice.EmergencyAccess, notice.High, "/requests/emergency/"+number
		m.Subject = fmt.Sprintf("Emergency access: %s in %s", e.Login, e.SystemName)
		m.Text = "Reason: " + e.Note + "\nIt holds already. Somebody else must review it before they can use it again."
	case store.ActReviewed:
		m.Kind, m.Path = notice.EmergencyReview, "/requests/emergency/"+number
		m.Subject, m.Text = fmt.Sprintf("The emergency access of %s was reviewed", e.Login), e.Note
	case store.ActReview:
		m.Kind, m.Path = notice.ReviewDue, "/reviews/"+number
		m.Subject, m.Text = "An access review has begun: "+e.Note, "Confirm or remove the rights of your people. What nobody confirms before the deadline ends."
	case store.ActReviewClosed:
		m.Kind, m.Path, m.Subject = notice.ReviewClosed, "/reviews/"+number, "An access review is over: "+e.Note
	case store.ActReminder:
		m.Kind, m.Severity, m.Path = notice.ReviewDue, notice.Medium, "/reviews/"+number
		m.Subject, m.Text = "Rights wait for your decision: "+e.Note, "What nobody confirms before the deadline ends by itself."
		if e.Person == 0 {
			m.Subject, m.Text = "Nobody can decide: "+e.Note, "They end at the deadline unless somebody else is made a manager of these people: custody manager add."
		}
	case store.ActGlassDue:
		m.Kind, m.Severity, m.Path = notice.EmergencyReview, notice.High, "/requests/emergency/"+number
		m.Subject = fmt.Sprintf("Not reviewed yet: emergency access of %s in %s", e.Login, e.SystemName)
		m.Text = "Reason: " + e.Note + "\nSomebody else must review it, and it is asked for every day until then."
	case store.ActTrainingDue:
		m.Kind, m.Path, m.Subject = notice.TrainingDue, "/rules/training", "Runs out soon: "+e.Note
		m.Text = "Rights that need it end with it. Take it again, and give the certificate to whoever keeps the training records."
	case store.ActRuleDue:
		m.Kind, m.Path, m.Subject = notice.RuleDue, "/me", "Please read and accept: "+e.Note
		m.Text = "Rights that need it begin when you have accepted it: here, or at a portal's page /.custody/rules."
	case store.ActProcessorDue:
		m.Kind, m.Severity, m.Path, m.Subject = notice.ProcessorDue, notice.Medium, "/processors/"+strconv.FormatUint(uint64(e.Organisation), 10), "Due soon: "+e.OrgName+": "+e.Note
		m.Text = "People of a processor whose contract or review is out of date cannot sign in."
	default:
		return nil
	}
	if m.Text == "" {
		m.Text = m.Subject
	}
	return m
}

// rightsRecipients are the person whom an entry is about, where it is told to them, or
// the managers who decide about it. What is urgent or has no manager is told to the
// data-protection leads too, and the register of processors is theirs alone.
func (s *Site) rightsRecipients(ctx context.Context, e *store.RightsEntry) (to []notice.Recipient, err error) {
	switch e.Act {
	case store.ActApproved, store.ActDeclined, store.ActLapsed, store.ActReviewed, store.ActReminder, store.ActTrainingDue, store.ActRuleDue:
		if e.Person != 0 {
			return []notice.Recipient{{Person: e.Person}}, nil
		}
		return s.leads(nil, 0, 0)
	case store.ActProcessorDue, store.ActReviewClosed:
		return s.leads(nil, 0, 0)
	}
	managers, err := s.o.Store.Managers(ctx, false)
	seen := map[custody.PersonID]bool{e.Person: true}
	for _, m := range managers {
		here := e.Act == store.ActReview && (e.Organisation == 0 || e.Organisation == m.Organisation) ||
			m.Organisation == e.Organisation && (m.Branch == "" || m.Branch == e.Branch)
		if here && !seen[m.Person] && len(to) < notice.MaxTo {
			seen[m.Person] = true
			to = append(to, notice.Recipient{Person: m.Person})
		}
	}
	if err == nil && (e.Act == store.ActBreakGlass || e.Act == store.ActGlassDue) {
		to, err = s.leads(to, e.Organisation, e.Person)
	}
	return to, err
}

// leads adds the data-protection leads of an organisation, or of all with zero, but for
// one person.
func (s *Site) leads(to []notice.Recipient, org custody.OrganisationID, but custody.PersonID) ([]notice.Recipient, error) {
	roles, err := s.o.Store.ConsoleRoles()
	now := s.o.Now()
	for _, r := range roles {
		lead := notice.Recipient{Person: r.Person}
		if r.Role == "lead" && (r.Organisation == 0 || r.Organisation == org) && !now.Before(r.Start) && (r.End.IsZero() || now.Before(r.End)) &&
			r.Person != but && !slices.Contains(to, lead) && len(to) < notice.MaxTo {
			to = append(to, lead)
		}
	}
	return to, err
}

// clipped keeps a subject within its bound, at a rune's end.
func clipped(text string) string {
	if len(text) > notice.MaxSubject {
		text = text[:notice.MaxSubject]
	}
	return strings.ToValidUTF8(text, "")
}
