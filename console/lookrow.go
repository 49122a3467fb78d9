package console

import (
	"time"

	"custody"
)

// lookRow is one answer, without its customers.
type lookRow struct {
	Number    uint64
	Time      time.Time
	Person    custody.PersonID
	Name      string
	Employer  string
	System    string
	Answer    int
	Clear     []string
	Masked    []string
	Changed   bool
	Refused   string // why, if it was refused
	How       string
	Reason    string
	Session   custody.SessionID
	Linked    bool // the visitor may see its customers
	PersonRef bool // the visitor may open the person's page
}

// words turns looks into rows and remembers the reasons that it read.
type words struct {
	v       *visit
	systems map[custody.SystemID]string
	reasons map[custody.ReasonID]string
	people  bool
	linked  bool
}

func (v *visit) words(systems map[custody.SystemID]string) *words {
	return &words{v: v, systems: systems, reasons: map[custody.ReasonID]string{}, people: v.may(areaPeople), linked: v.may(areaCustomers)}
}

func (w *words) row(l *Look) lookRow {
	row := lookRow{Number: l.Number, Time: l.Time, Person: l.Person, Name: w.v.people.name(l.Person), System: w.v.systemTitle(w.systems, l.System),
		Answer: l.Answer, Clear: l.Clear.Strings(), Masked: l.Masked.Strings(), Changed: l.Kind == custody.EventChange,
		How: routeWords[l.Route], Reason: w.reason(l.Reason), Session: l.Session, Linked: w.linked && l.Answer > 0,
		PersonRef: w.people && l.Person != 0}
	if p := w.v.people.byID[l.Person]; p != nil {
		for _, e := range p.Engagements {
			if e.Organisation == l.Organisation {
				row.Employer = e.OrgName
			}
		}
	} else if l.Application != 0 {
		row.Name = "an application, for itself"
	}
	if l.Kind == custody.EventRefusal {
		row.Refused = refusalWords[l.Code]
	}
	if l.Application != 0 && l.Person != 0 {
		row.How += ", through an application"
	}
	return row
}

// reason gives the text of a reason.
func (w *words) reason(id custody.ReasonID) string {
	if id == 0 {
		return ""
	}
	text, ok := w.reasons[id]
	if !ok {
		var err error
		if text, err = w.v.c.o.Reasons.Reason(id); err != nil || text == "" {
			text = "(erased)"
		}
		w.reasons[id] = text
	}
	return text
}

var routeWords = map[custody.Route]string{
	custody.RouteNone: "", custody.RouteQuery: "database", custody.RouteCursor: "database, cursor", custody.RouteCopy: "database, copy",
	custody.RouteImported: "imported from an access log", custody.RoutePage: "portal", custody.RouteDownload: "download", custody.RouteStream: "portal, live",
	custody.RouteConsole: "this console",
}

var refusalWords = map[custody.Code]string{
	custody.CodeForbidden: "no right to it", custody.CodeLimit: "over the limit", custody.CodeReason: "no reason stated",
	custody.CodeUnattributed: "could not be tied to customers", custody.CodeUnsupported: "not let through", custody.CodeRevoked: "right ended",
	custody.CodeUnavailable: "gate could not release", custody.CodeInvalid: "not understood", custody.CodeTooLarge: "too large", custody.CodeUnrecorded: "not recorded",
}
