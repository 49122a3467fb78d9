package console

import (
	"slices"

	"custody"
)

// Role is what somebody may do in the console.
type Role string

// The roles. Everybody who is engaged is staff: they see what is recorded of themselves.
const (
	Administrator Role = "administrator" // people, systems and rights; no customer data
	Lead          Role = "lead"          // data protection: everything
	Manager       Role = "manager"       // the people of their branch
	Auditor       Role = "auditor"       // everything, changing nothing
)

// Roles lists the roles that can be given.
func Roles() []Role { return []Role{Administrator, Lead, Manager, Auditor} }

// Title is the role as people call it.
func (r Role) Title() string {
	return map[Role]string{Administrator: "Administrator", Lead: "Data-protection lead", Manager: "Branch manager", Auditor: "Auditor"}[r]
}

// Hold is a role that somebody holds now, with whom it reaches.
type Hold struct {
	Role         Role
	Organisation custody.OrganisationID // zero: all
	Branch       string                 // empty: all
}

// area is something that a page or a call of the interface lets people do.
type area uint8

const (
	areaSelf      area = iota // what is recorded of oneself; everybody's
	areaNow                   // live sessions and today's figures
	areaPeople                // people, their rights and their sessions
	areaLooks                 // what people saw: times, systems, categories, reasons
	areaCustomers             // which customers: their keys
	areaErase                 // forget a customer
	areaCut                   // end sessions
	areaLeave                 // end engagements, lock logins
	areaJoin                  // add people and engagements
	areaSystems
	areaSwitch // take portals offline
	areaRights
	areaGrant // give and end rights
	areaReviews
	areaReviewRun // start reviews and end them
	areaProcessors
	areaProcessorsDo // keep the register of processors
	areaRules
	areaRulesDo // keep training and clauses
	areaLedger
	areaAlerts
	areaAlertsDo // decide about alerts
	areaUnseal   // ask for the name behind an alert
	areaComplaints
	areaComplaintsDo // take, acknowledge and erase complaints, run traces
	areaRoles        // who holds which role here
	areaRolesDo      // give and end them
	areaNotices      // what was told to whom
	areaNoticesDo
	areaCanaries   // that customers are planted: when, where, by whom, how often touched
	areaCanariesDo // which customers are planted; plant and withdraw
	areaCount
)

// may is the table of who may do what. The reach of a role narrows it further.
var may = [areaCount][]Role{
	areaNow:          {Administrator, Lead, Manager, Auditor},
	areaPeople:       {Administrator, Lead, Manager, Auditor},
	areaLooks:        {Lead, Manager, Auditor},
	areaCustomers:    {Lead, Auditor},
	areaErase:        {Lead},
	areaCut:          {Administrator, Lead, Manager},
	areaLeave:        {Administrator, Lead},
	areaJoin:         {Administrator, Lead},
	areaSystems:      {Administrator, Lead, Auditor},
	areaSwitch:       {Administrator, Lead},
	areaRights:       {Administrator, Lead, Manager, Auditor},
	areaGrant:        {Administrator, Lead},
	areaReviews:      {Lead, Manager, Auditor},
	areaReviewRun:    {Lead},
	areaProcessors:   {Lead, Auditor},
	areaProcessorsDo: {Lead},
	areaRules:        {Administrator, Lead, Auditor},
	areaRulesDo:      {Administrator, Lead},
	areaLedger:       {Administrator, Lead, Auditor},
	areaAlerts:       {Lead, Auditor},
	areaAlertsDo:     {Lead},
	areaUnseal:       {Lead, Auditor},
	areaComplaints:   {Lead, Auditor},
	areaComplaintsDo: {Lead},
	areaRoles:        {Lead, Auditor},
	areaRolesDo:      {Lead},
	areaNotices:      {Administrator, Lead, Auditor},
	areaNoticesDo:    {Administrator, Lead},
	// Not the administrator: who keeps the databases is among those whom a planted customer
	// watches, and would know which ones to leave alone.
	areaCanaries:   {Lead, Auditor},
	areaCanariesDo: {Lead},
}

// reach is of whom something may be seen or done: the holds that permit it.
type reach []Hold

// reachOf gives the holds that permit an area.
func reachOf(holds []Hold, a area) (r reach) {
	for _, h := range holds {
		if slices.Contains(may[a], h.Role) {
			r = append(r, h)
		}
	}
	return r
}

// everywhere says whether nothing is out of reach.
func (r reach) everywhere() bool {
	return slices.ContainsFunc(r, func(h Hold) bool { return h.Organisation == 0 && h.Branch == "" })
}

// organisation says whether all of an employer is within reach.
func (r reach) organisation(o custody.OrganisationID) bool {
	return slices.ContainsFunc(r, func(h Hold) bool { return h.Branch == "" && (h.Organisation == 0 || h.Organisation == o) })
}

// at says whether somebody of a branch of an employer is within reach.
func (r reach) at(o custody.OrganisationID, branch string) bool {
	return slices.ContainsFunc(r, func(h Hold) bool {
		return (h.Organisation == 0 || h.Organisation == o) && (h.Branch == "" || h.Branch == branch)
	})
}

// person says whether a person is within reach: somebody whom an employer within reach
// engages or engaged.
func (r reach) person(p *Person) bool {
	if r.everywhere() {
		return true
	}
	return slices.ContainsFunc(p.Engagements, func(e Engagement) bool { return r.at(e.Organisation, e.Branch) })
}

// look says whether an event is within reach: it belongs to the employer for whom the
// person looked, and to the branch where the person is.
func (r reach) look(l *custody.Event, people *roster) bool {
	if r.everywhere() {
		return true
	}
	return r.at(l.Organisation, people.branch(l.Person, l.Organisation))
}
