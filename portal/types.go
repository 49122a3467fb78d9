package portal

import "custody/subjects/body"

// types remembers what the last content type says: most answers have the same few.
type types struct {
	known   bool
	text    string
	set     string
	streams bool
}

func (t *types) read(contentType string) {
	if t.known && t.text == contentType {
		return
	}
	kind := body.KindOf(contentType, []byte("{}"))
	*t = types{true, contentType, body.Charset(contentType), kind == body.EventStream || kind == body.NDJSON}
}

// prompt says whether an answer is a stream whose parts somebody waits for.
func (t *types) prompt(contentType string) bool {
	t.read(contentType)
	return t.streams
}

// charset is the one that the type names; empty if it names none.
func (t *types) charset(contentType string) string {
	t.read(contentType)
	return t.set
}
