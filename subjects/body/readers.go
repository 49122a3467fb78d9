package body

// readerOf makes the reader of a kind; nil if there is none.
func readerOf(kind Kind, p *Plan) reader {
	switch kind {
	case JSON, NDJSON:
		return newJSON(p)
	case HTML:
		return newHTML(p, false)
	case XML:
		return newHTML(p, true)
	case CSV:
		return newCSV(p)
	case EventStream:
		return &eventReader{json: newJSON(p)}
	case Form:
		return &formReader{plan: p}
	case Text, Empty:
		return textReader{}
	}
	return nil
}
