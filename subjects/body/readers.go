package body

// readers are those that a filter has made, to be used again.
type readers struct {
	json   *jsonReader
	html   *htmlReader
	csv    *csvReader
	events *eventReader
}

// of makes the reader of a kind ready; nil if there is none.
func (r *readers) of(kind Kind, p *Plan) reader {
	switch kind {
	case JSON, NDJSON:
		if r.json == nil {
			r.json = newJSON(p)
		}
		*r.json = jsonReader{jsonPlace: jsonPlace{plan: p, stack: r.json.stack[:0]}}
		return r.json
	case HTML, XML:
		if r.html == nil {
			r.html = newHTML(p, false)
		}
		r.html.reset(p, kind == XML)
		return r.html
	case CSV:
		if r.csv == nil {
			r.csv = newCSV(p)
		}
		*r.csv = csvReader{csvTable{plan: p, scope: noScope, columns: r.csv.columns[:0], lanes: r.csv.lanes[:0]}}
		return r.csv
	case EventStream:
		if r.events == nil {
			r.events = &eventReader{json: newJSON(p)}
		}
		*r.events = eventReader{json: r.events.json}
		r.events.json.plan = p
		return r.events
	case Form:
		return &formReader{plan: p}
	case Text, Empty:
		return textReader{}
	}
	return nil
}
