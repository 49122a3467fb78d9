package intake

import (
	"strings"
	"text/template"
	"time"
)

// Controller is who answers complaints.
type Controller struct {
	Name    string
	Contact string // mail address or phone of the data-protection lead
}

// letter is the acknowledgement: who has it, since when, what follows, whom else to turn
// to. It says nothing about whether a customer was found.
var letter = template.Must(template.New("").Parse(`{{.Today}}

Our reference: {{.C.Reference}}
{{if .C.Body.Ref}}Your reference: {{.C.Body.Ref}}
{{end}}
{{if .C.Body.Name}}Dear {{.C.Body.Name}},{{else}}Dear Sir or Madam,{{end}}

We have your complaint of {{.Received}} about the use of your personal data{{if .Called}}, and about
the call on {{.Called}}{{end}}.

We are looking into it without undue delay and will tell you the outcome. If we need more from
you, we will ask. Please quote the reference above; you do not need to send your details again.

Until then: somebody who rings about your accident or your claim and whom you did not ask may
not be who they say. Do not tell them anything, do not agree to anything, and note the number
and the time.

You may also complain to the Information Commissioner (ico.org.uk, 0303 123 1113), at any time.

{{if .Who.Name}}{{.Who.Name}}
{{end}}{{if .Who.Contact}}{{.Who.Contact}}
{{end}}`))

// Letter drafts the acknowledgement of a complaint. Read it before it is sent.
func (s *Service) Letter(c *Complaint, who Controller) string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(s.o.Zone).Format("2 January 2006")
	}
	var b strings.Builder
	if err := letter.Execute(&b, map[string]any{"C": c, "Who": who, "Today": day(s.o.Now()), "Received": day(c.Received), "Called": day(c.Called)}); err != nil {
		return ""
	}
	return b.String()
}
