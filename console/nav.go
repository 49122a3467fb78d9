package console

import (
	"strings"

	"custody/console/page"
)

// pageRoutes lists every page and form.
func pageRoutes() []route {
	return []route{
		{"GET /{$}", areaSelf, false, home},
		{"GET /now", areaNow, false, nowPage},
		{"GET /now/stream", areaNow, false, nowStream},
		{"GET /customers", areaCustomers, false, customersPage},
		{"POST /customers", areaCustomers, true, findCustomer},
		{"GET /customers/{subject}", areaCustomers, true, customerPage},
		{"POST /customers/{subject}/reason", areaCustomers, true, stateReason},
		{"GET /customers/{subject}/answer", areaCustomers, true, answerPage},
		{"GET /customers/{subject}/extract", areaCustomers, true, customerExtract},
		{"POST /customers/{subject}/erase", areaErase, true, eraseCustomer},
		{"GET /looks/{event}", areaCustomers, true, lookPage},
		{"POST /looks/{event}/reason", areaCustomers, true, stateLookReason},
		{"GET /people", areaPeople, false, peoplePage},
		{"GET /people/{person}", areaPeople, false, personPage},
		{"POST /people/{person}/sessions/{session}/end", areaCut, false, endSession},
		{"GET /people/{person}/extract", areaCustomers, true, personExtract},
		{"POST /people/{person}/leave", areaLeave, false, leave},
		{"POST /people/{person}/compromised", areaLeave, false, compromised},
		{"POST /people", areaJoin, false, addPerson},
		{"GET /systems", areaSystems, false, systemsPage},
		{"POST /systems/{system}/down", areaSwitch, false, takePortalDown},
		{"POST /systems/{system}/up", areaSwitch, false, bringPortalUp},
		{"POST /portals/down", areaSwitch, false, takeAllDown},
		{"POST /portals/up", areaSwitch, false, bringAllUp},
		{"GET /rights", areaRights, false, rightsPage},
		{"GET /rights/give", areaGrant, false, givePage},
		{"POST /rights/give", areaGrant, false, giveGrant},
		{"GET /rights/{grant}/end", areaGrant, false, endGrantForm},
		{"POST /rights/{grant}/end", areaGrant, false, endGrantPage},
		{"GET /roles", areaRoles, false, rolesPage},
		{"POST /roles", areaRolesDo, false, giveRolePage},
		{"POST /roles/{role}/end", areaRolesDo, false, endRolePage},
		{"GET /ledger", areaLedger, false, ledgerPage},
		{"POST /ledger/checkpoint", areaLedger, true, signCheckpoint},
		{"POST /ledger/verify", areaLedger, true, startVerify},
		{"GET /ledger/verify", areaLedger, false, verifyPart},
		{"GET /ledger/checkpoint.txt", areaLedger, false, downloadCheckpoint},
		{"GET /requests", areaSelf, false, requestsPage},
		{"POST /requests", areaSelf, false, fileRequest},
		{"GET /requests/{request}", areaSelf, false, to("/requests")},
		{"GET /requests/emergency/{emergency}", areaReviews, false, to("/reviews")},
		{"GET /rules/training", areaSelf, false, to("/me")},
		{"GET /processors/{processor}", areaProcessors, false, to("/processors")},
		{"POST /requests/{request}/approve", areaSelf, false, approveRequest},
		{"POST /requests/{request}/decline", areaSelf, false, declineRequest},
		{"POST /requests/{request}/withdraw", areaSelf, false, withdrawRequest},
		{"GET /reviews", areaReviews, false, reviewsPage},
		{"POST /reviews", areaReviewRun, false, startReview},
		{"GET /reviews/{campaign}", areaReviews, false, reviewPage},
		{"POST /reviews/close/{campaign}", areaReviewRun, false, endReview},
		{"POST /reviews/items/{item}", areaReviews, false, decideItem},
		{"POST /reviews/emergencies/{emergency}", areaReviews, false, reviewEmergency},
		{"GET /alerts", areaAlerts, false, alertsPage},
		{"GET /alerts/{alert}", areaAlerts, false, alertPage},
		{"GET /alerts/{alert}/looks/{look}", areaCustomers, true, alertLookPage},
		{"POST /alerts/{alert}/looks/{look}/reason", areaCustomers, true, stateAlertLookReason},
		{"POST /alerts/{alert}/review", areaAlertsDo, false, reviewAlert},
		{"POST /alerts/{alert}/unseal", areaUnseal, false, unsealAlert},
		{"GET /canaries", areaCanaries, false, canariesPage},
		{"POST /canaries", areaCanariesDo, false, plantPage},
		{"POST /canaries/{canary}/withdraw", areaCanariesDo, false, unplantPage},
		{"GET /complaints", areaComplaints, false, complaintsPage},
		{"POST /complaints", areaComplaintsDo, false, addComplaint},
		{"GET /complaints/{reference}", areaComplaints, true, complaintPage},
		{"POST /complaints/{reference}/acknowledge", areaComplaintsDo, false, acknowledgeComplaint},
		{"POST /complaints/{reference}/erase", areaComplaintsDo, false, eraseComplaint},
		{"GET /trace", areaComplaints, false, tracePage},
		{"POST /trace", areaComplaintsDo, true, startTrace},
		{"GET /trace/answers", areaComplaints, false, tracePart},
		{"GET /trace/{system}/report", areaComplaints, true, traceReport},
		{"GET /processors", areaProcessors, false, processorsPage},
		{"POST /processors/{processor}/review", areaProcessorsDo, false, reviewProcessor},
		{"POST /processors", areaProcessorsDo, false, putProcessorPage},
		{"POST /processors/{processor}/scope", areaProcessorsDo, false, scopeProcessorPage},
		{"POST /processors/{processor}/papers", areaProcessorsDo, false, keepPaperPage},
		{"POST /processors/{processor}/transfers", areaProcessorsDo, false, keepTransferPage},
		{"POST /processors/{processor}/transfers/{transfer}/return", areaProcessorsDo, false, returnTransferPage},
		{"POST /rules", areaRulesDo, false, addRulePage},
		{"POST /rules/courses", areaRulesDo, false, addCoursePage},
		{"GET /rules", areaRules, false, rulesPage},
		{"POST /rules/training", areaRulesDo, false, keepTrainingPage},
		{"POST /rules/clauses", areaRulesDo, false, keepClausePage},
		{"POST /me/rules/{rule}/accept", areaSelf, false, acceptRule},
		{"GET /me", areaSelf, false, mePage},
		{"POST /me/sessions/{session}/end", areaSelf, false, endMySession},
		{"GET /me/tokens", areaSelf, false, tokensPage},
		{"POST /me/tokens", areaSelf, false, makeToken},
		{"POST /me/tokens/{token}/revoke", areaSelf, false, revokeToken},
	}
}

// nav is what the visitor can go to.
func (v *visit) nav() (groups []page.Group) {
	all := []struct {
		title string
		items []struct {
			path, title string
			area        area
		}
	}{
		{"Watch", []struct {
			path, title string
			area        area
		}{{"/now", "Now", areaNow}, {"/customers", "Customer", areaCustomers}, {"/people", "People", areaPeople}, {"/alerts", "Alerts", areaAlerts}, {"/canaries", "Planted customers", areaCanaries}}},
		{"Rule", []struct {
			path, title string
			area        area
		}{{"/rights", "Rights", areaRights}, {"/requests", "Requests", areaSelf}, {"/reviews", "Reviews", areaReviews}, {"/systems", "Systems", areaSystems}, {"/processors", "Processors", areaProcessors}, {"/rules", "Rules", areaRules}}},
		{"Prove", []struct {
			path, title string
			area        area
		}{{"/complaints", "Complaints", areaComplaints}, {"/trace", "Trace", areaComplaints}, {"/ledger", "Ledger", areaLedger}}},
		{"Yours", []struct {
			path, title string
			area        area
		}{{"/me", "What is recorded of me", areaSelf}}},
	}
	count := v.waiting()
	for _, g := range all {
		group := page.Group{Title: g.title}
		for _, i := range g.items {
			if v.leads(i.area) {
				here := v.r.URL.Path == i.path || strings.HasPrefix(v.r.URL.Path, i.path+"/") || i.path == "/customers" && strings.HasPrefix(v.r.URL.Path, "/looks/")
				group.Items = append(group.Items, page.Item{Path: i.path, Title: i.title, Here: here, Count: count[i.path]})
			}
		}
		if len(group.Items) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// leads says whether the navigation leads to an area: what concerns everybody is for whom
// reaches everybody.
func (v *visit) leads(a area) bool {
	if a == areaComplaints || a == areaCanaries {
		return v.reach(a).everywhere()
	}
	return v.may(a)
}

// to goes on to the page on which something is found: notices link to the thing itself.
func to(path string) func(*visit) error {
	return func(v *visit) error { return v.seeOther(path, "") }
}

// home goes where the visitor's work is.
func home(v *visit) error {
	if v.may(areaNow) {
		return v.seeOther("/now", "")
	}
	return v.seeOther("/me", "")
}
