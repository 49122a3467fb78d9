package main

import (
	"fmt"
	"net"

	"custody"
)

type object = map[string]any

// told is an object without what is not known: neither form has a word for "empty".
func told(o object) object {
	for k, v := range o {
		if text, ok := v.(string); ok && text == "" {
			delete(o, k)
		}
	}
	return o
}

// ocsfClass is the class, the activity and its name for an event; zero for what other
// systems have no use for.
func ocsfClass(e *custody.Event) (class, activity int, name string) {
	switch e.Kind {
	case custody.EventDisclosure:
		if e.Route == custody.RouteQuery || e.Route == custody.RouteCursor {
			return 6005, 4, "Query"
		}
		return 6005, 1, "Read"
	case custody.EventChange:
		return 6005, 2, "Update"
	case custody.EventRefusal:
		return 6005, 4, "Query"
	case custody.EventSessionStart:
		return 3002, 1, "Logon"
	case custody.EventSessionEnd:
		return 3002, 2, "Logoff"
	}
	return 0, 0, ""
}

// ocsf gives an event in OCSF 1.3; nil for what other systems have no use for. A test
// holds every kind to the schema in testdata/schema.
func (x *exporter) ocsf(number uint64, e *custody.Event) object {
	class, activity, name := ocsfClass(e)
	if class == 0 {
		return nil
	}
	row := x.names.row(number, e, len(e.Subjects))
	user := ocsfUser(e, &row)
	system := row.System
	if system == "" { // the gate itself, or its console
		system = "custody"
	}
	metadata := object{"version": "1.3.0", "uid": fmt.Sprint(number), "product": object{"name": "Custody", "vendor_name": "Custody"}}
	out := object{
		"class_uid": class, "category_uid": class / 1000, "activity_id": activity, "activity_name": name, "type_uid": class*100 + activity,
		"time": e.Time.UnixMilli(), "severity_id": 1, "status_id": 1, "status": "Success", "actor": object{"user": user, "session": object{"uid": fmt.Sprint(e.Session)}},
		"src_endpoint": ocsfSource(&row), "message": e.Kind.String(), "metadata": metadata,
	}
	if e.Code != custody.CodeNone {
		out["status_code"] = e.Code.String()
	}
	if e.Kind == custody.EventRefusal {
		out["status_id"], out["status"], out["severity_id"] = 2, "Failure", 2
		out["action_id"], out["action"], out["disposition_id"], out["disposition"] = 2, "Denied", 2, "Blocked"
		metadata["profiles"] = []string{"security_control"}
	}
	if class == 3002 {
		out["user"], out["dst_endpoint"] = user, object{"name": system}
		return out
	}
	out["database"], out["type_id"] = object{"name": system, "type_id": 1}, 1
	list := make([]string, len(e.Subjects))
	for i, s := range e.Subjects {
		list[i] = x.subject(s)
	}
	out["unmapped"] = object{"customers": list, "categories": row.Categories, "masked": row.Masked, "route": row.Route, "reason": row.Reason, "grant": e.Grant}
	return out
}

func ocsfUser(e *custody.Event, row *eventRow) object {
	if e.Person == 0 {
		return told(object{"uid": fmt.Sprint(e.Application), "name": row.Application, "type_id": 3})
	}
	user := told(object{"uid": fmt.Sprint(e.Person), "name": row.Person, "full_name": row.Name, "type_id": 1})
	if row.Organisation != "" {
		user["org"] = object{"name": row.Organisation}
	}
	return user
}

// ocsfSource is where somebody looked from; a log that was imported may not say.
func ocsfSource(row *eventRow) object {
	source := told(object{"name": row.Program})
	switch {
	case net.ParseIP(row.Address) != nil:
		source["ip"] = row.Address
	case row.Address != "":
		source["hostname"] = row.Address
	case row.Program == "":
		source["name"] = "unknown"
	}
	return source
}
