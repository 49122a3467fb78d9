package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"custody"
)

func (a *app) ledgerExportCommand() *cobra.Command {
	var format, out string
	var from uint64
	var keys bool
	var p period
	cmd := &cobra.Command{
		Use: "export", Short: "Write events for other systems: OCSF for a SIEM, BALP for an audit repository",
		Long: `Write what is recorded, one JSON object a line. ocsf gives every event as the Open
Cybersecurity Schema Framework 1.3 has it: Datastore Activity for looks, changes and
refusals, Authentication for sessions. balp gives a FHIR R4 AuditEvent for each customer
of each look or change, after IHE's Basic Audit Log Patterns.

Customers are numbers of the ledger; --customer-keys writes their keys. The last number
is printed on standard error: --from-event continues behind it.`,
		Example: "  custody ledger export --format ocsf --since 24h --out events.jsonl\n  custody ledger export --format balp --from-event 120001",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "ocsf" && format != "balp" {
				return usage(cmd, "--format is ocsf or balp")
			}
			return a.exportLedger(format, out, from, keys, &p)
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "`ocsf` or balp")
	cmd.Flags().StringVar(&out, "out", "-", "write to this `file`; - is standard output")
	cmd.Flags().Uint64Var(&from, "from-event", 1, "begin with the event of this `number`")
	cmd.Flags().BoolVar(&keys, "customer-keys", false, "write customers' keys instead of numbers")
	p.flags(cmd)
	require(cmd, "format")
	return cmd
}

func (a *app) exportLedger(format, file string, from uint64, keys bool, p *period) (err error) {
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	since, until, err := p.bounds(a)
	if err != nil {
		return err
	}
	reader, n, err := w.history()
	if err != nil {
		return err
	}
	defer reader.Close()
	out := a.out
	if file != "-" {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return &custody.Error{Code: custody.CodeConflict, Message: "the file cannot be made", Hint: "name one that is not there yet, in a folder that is", Err: err}
		}
		defer f.Close()
		out = f
	}
	b := bufio.NewWriterSize(out, 1<<16)
	x := &exporter{w: w, names: n, enc: json.NewEncoder(b), keys: keys}
	x.enc.SetEscapeHTML(false)
	last, count := uint64(0), 0
	for number, e := range reader.Index().Events(from) {
		last = number
		if !since.IsZero() && e.Time.Before(since) || !until.IsZero() && !e.Time.Before(until) {
			continue
		}
		written, err := x.write(format, number, e)
		if err != nil {
			return err
		}
		count += written
	}
	if err := b.Flush(); err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the export cannot be written", Hint: "check free space", Err: err}
	}
	_, err = fmt.Fprintf(a.errw, "%s written; the last event was %d\n", plural(count, "object"), last)
	return err
}

// exporter writes events in the words of others.
type exporter struct {
	w     *workspace
	names *names
	enc   *json.Encoder
	keys  bool
}

func (x *exporter) write(format string, number uint64, e *custody.Event) (int, error) {
	if format == "ocsf" {
		event := x.ocsf(number, e)
		if event == nil {
			return 0, nil
		}
		return 1, x.enc.Encode(event)
	}
	if e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
		return 0, nil
	}
	for _, s := range e.Subjects {
		if err := x.enc.Encode(x.balp(number, e, s)); err != nil {
			return 0, err
		}
	}
	return len(e.Subjects), nil
}

// subject names a customer: by the ledger's number, or by the key if it may be told.
func (x *exporter) subject(s custody.SubjectID) string {
	if x.keys {
		return x.w.key(s)
	}
	return number(s)
}

type object = map[string]any

// ocsf gives an event in OCSF 1.3; nil for what other systems have no use for.
func (x *exporter) ocsf(number uint64, e *custody.Event) object {
	class, activity, name := 0, 0, ""
	switch e.Kind {
	case custody.EventDisclosure:
		class, activity, name = 6005, 1, "Read"
		if e.Route == custody.RouteQuery || e.Route == custody.RouteCursor {
			activity, name = 4, "Query"
		}
	case custody.EventChange:
		class, activity, name = 6005, 2, "Update"
	case custody.EventRefusal:
		class, activity, name = 6005, 4, "Query"
	case custody.EventSessionStart:
		class, activity, name = 3002, 1, "Logon"
	case custody.EventSessionEnd:
		class, activity, name = 3002, 2, "Logoff"
	default:
		return nil
	}
	row := x.names.row(number, e, len(e.Subjects))
	user := object{"uid": fmt.Sprint(e.Person), "name": row.Person, "full_name": row.Name, "org": object{"name": row.Organisation}, "type_id": 1}
	if e.Person == 0 {
		user = object{"uid": fmt.Sprint(e.Application), "name": row.Application, "type_id": 3}
	}
	out := object{
		"class_uid": class, "category_uid": class / 1000, "activity_id": activity, "activity_name": name, "type_uid": class*100 + activity,
		"time": e.Time.UnixMilli(), "severity_id": 1, "status_id": 1, "status": "Success", "actor": object{"user": user, "session": object{"uid": fmt.Sprint(e.Session)}},
		"src_endpoint": object{"ip": row.Address, "name": row.Program}, "message": e.Kind.String(),
		"metadata": object{"version": "1.3.0", "uid": fmt.Sprint(number), "product": object{"name": "Custody", "vendor_name": "Custody"}},
	}
	if e.Code != custody.CodeNone {
		out["status_code"] = e.Code.String()
	}
	if e.Kind == custody.EventRefusal {
		out["status_id"], out["status"], out["severity_id"], out["disposition_id"], out["disposition"] = 2, "Failure", 2, 2, "Blocked"
	}
	if class == 3002 {
		out["user"], out["dst_endpoint"] = user, object{"name": row.System}
		return out
	}
	out["database"], out["type_id"] = object{"name": row.System, "type_id": 1}, 1
	list := make([]string, len(e.Subjects))
	for i, s := range e.Subjects {
		list[i] = x.subject(s)
	}
	out["unmapped"] = object{"customers": list, "categories": row.Categories, "masked": row.Masked, "route": row.Route, "reason": row.Reason, "grant": e.Grant}
	return out
}

func coding(system, code, display string) object {
	return object{"system": system, "code": code, "display": display}
}

const (
	auditType  = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	restful    = "http://hl7.org/fhir/restful-interaction"
	dicom      = "http://dicom.nema.org/resources/ontology/DCM"
	entityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRole = "http://terminology.hl7.org/CodeSystem/object-role"
	balpAt     = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
)

// balp gives one customer of a look or a change as a FHIR R4 AuditEvent (IHE BALP 1.1:
// Read and Update). As the patterns have it, the side from which the data flows is the
// source: the server when it is read, the client when it is changed.
func (x *exporter) balp(number uint64, e *custody.Event, s custody.SubjectID) object {
	row := x.names.row(number, e, len(e.Subjects))
	profile, interaction, action, client, server := "Read", "read", "R", "110152", "110153"
	if e.Kind == custody.EventChange {
		profile, interaction, action, client, server = "Update", "update", "U", "110153", "110152"
	}
	role := map[string]string{"110152": "Destination Role ID", "110153": "Source Role ID"}
	who := object{"identifier": object{"system": "urn:custody:person", "value": row.Person}, "display": row.Name}
	if e.Person == 0 {
		who = object{"identifier": object{"system": "urn:custody:application", "value": row.Application}, "display": row.Application}
	}
	network := object{"address": row.Address, "type": "2"}
	if net.ParseIP(row.Address) == nil {
		network["type"] = "1"
	}
	system := object{"identifier": object{"system": "urn:custody:system", "value": row.System}, "display": row.System}
	var detail []object
	for _, c := range e.Clear.Strings() {
		detail = append(detail, object{"type": "category", "valueString": c})
	}
	for _, c := range e.Masked.Strings() {
		detail = append(detail, object{"type": "category-masked", "valueString": c})
	}
	data := object{"what": object{"identifier": object{"system": "urn:custody:customer:" + row.System, "value": x.subject(s)}},
		"type": coding(entityType, "1", "Person"), "role": coding(objectRole, "4", "Domain Resource")}
	if detail != nil {
		data["detail"] = detail
	}
	entities := []object{data}
	if row.Reason != "" {
		entities = append(entities, object{"type": coding(entityType, "4", "Other"), "name": "reason", "description": row.Reason})
	}
	return object{
		"resourceType": "AuditEvent", "id": fmt.Sprintf("custody-%d-%d", number, s), "meta": object{"profile": []string{balpAt + profile}},
		"type": coding(auditType, "rest", "Restful Operation"), "subtype": []object{coding(restful, interaction, interaction)},
		"action": action, "recorded": e.Time.UTC().Format(time.RFC3339Nano), "outcome": "0",
		"agent": []object{
			{"type": object{"coding": []object{coding(dicom, client, role[client])}}, "who": who, "requestor": true, "network": network},
			{"type": object{"coding": []object{coding(dicom, server, role[server])}}, "who": system, "requestor": false, "network": object{"address": row.System, "type": "1"}},
		},
		"source": object{"site": "custody", "observer": object{"display": "Custody gate"}, "type": []object{coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")}},
		"entity": entities,
	}
}
