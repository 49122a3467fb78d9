package main

import (
	"fmt"
	"net"
	"time"

	"custody"
)

const (
	auditType     = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	restful       = "http://hl7.org/fhir/restful-interaction"
	dicom         = "http://dicom.nema.org/resources/ontology/DCM"
	participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	sourceType    = "http://terminology.hl7.org/CodeSystem/security-source-type"
	entityType    = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRole    = "http://terminology.hl7.org/CodeSystem/object-role"
	balpAt        = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
)

func coding(system, code, display string) object {
	return object{"system": system, "code": code, "display": display}
}

func coded(system, code, display string) object {
	return object{"coding": []object{coding(system, code, display)}}
}

// identified refers to something that has a name of ours and no resource.
func identified(kind, value, display string) object {
	if value == "" {
		value = "unknown"
	}
	return told(object{"identifier": object{"system": "urn:custody:" + kind, "value": value}, "display": display})
}

// balp gives one customer of a look or a change as a FHIR R4 AuditEvent (IHE BALP 1.1:
// Read and Update). A test holds it to FHIR's schema and to the profiles. An event of
// which the address is not known, as of an imported log, claims no profile: both ask
// for it.
func (x *exporter) balp(number uint64, e *custody.Event, s custody.SubjectID) object {
	row := x.names.row(number, e, len(e.Subjects))
	profile, interaction, action := "Read", "read", "R"
	if e.Kind == custody.EventChange {
		profile, interaction, action = "Update", "update", "U"
	}
	out := object{
		"resourceType": "AuditEvent", "id": fmt.Sprintf("custody-%d-%d", number, s),
		"type": coding(auditType, "rest", "Restful Operation"), "subtype": []object{coding(restful, interaction, interaction)},
		"action": action, "recorded": e.Time.UTC().Format(time.RFC3339Nano), "outcome": "0",
		"agent":  balpAgents(e, &row),
		"source": object{"site": "custody", "observer": object{"display": "Custody gate"}, "type": []object{coding(sourceType, "4", "Application Server")}},
		"entity": x.balpEntities(e, &row, s),
	}
	if row.Address != "" {
		out["meta"] = object{"profile": []string{balpAt + profile}}
	}
	return out
}

// balpAgents are the client, the system and the person. As the patterns have it, the
// side from which the data flows is the source: the system when it is read, the client
// when it is changed.
func balpAgents(e *custody.Event, row *eventRow) []object {
	destination, source := coded(dicom, "110152", "Destination Role ID"), coded(dicom, "110153", "Source Role ID")
	user := coded(participation, "IRCP", "information recipient")
	if e.Kind == custody.EventChange {
		destination, source = source, destination
		user = coded(participation, "AUT", "author (originator)")
	}
	program := row.Program
	if row.Application != "" {
		program = row.Application
	}
	client := object{"type": destination, "who": identified("program", program, program), "requestor": e.Person == 0}
	switch {
	case net.ParseIP(row.Address) != nil:
		client["network"] = object{"address": row.Address, "type": "2"}
	case row.Address != "":
		client["network"] = object{"address": row.Address, "type": "1"}
	}
	system := identified("system", row.System, row.System)
	agents := []object{client, {"type": source, "who": system, "requestor": false, "network": object{"address": system["identifier"].(object)["value"], "type": "1"}}}
	if e.Person != 0 {
		agents = append(agents, told(object{"type": user, "who": identified("person", row.Person, row.Name), "name": row.Name, "requestor": true}))
	}
	return agents
}

// balpEntities are the customer with the categories, and the reason.
func (x *exporter) balpEntities(e *custody.Event, row *eventRow, s custody.SubjectID) []object {
	var detail []object
	for _, c := range e.Clear.Strings() {
		detail = append(detail, object{"type": "category", "valueString": c})
	}
	for _, c := range e.Masked.Strings() {
		detail = append(detail, object{"type": "category-masked", "valueString": c})
	}
	data := object{"what": identified("customer:"+row.System, x.subject(s), ""), "type": coding(entityType, "2", "System Object"), "role": coding(objectRole, "4", "Domain Resource")}
	if detail != nil {
		data["detail"] = detail
	}
	if row.Reason == "" {
		return []object{data}
	}
	return []object{data, {"type": coding(entityType, "4", "Other"), "name": "reason", "description": row.Reason}}
}
