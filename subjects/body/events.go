package body

import (
	"bytes"
	"math"
)

// eventReader parts server-sent events. An event, up to the empty line after it, is a
// record: as JSON if that is what its data is, otherwise as text.
type eventReader struct {
	json *jsonReader
	scan int // from f.at: up to where no event ends
}

func (e *eventReader) read(f *Filter, end bool) error {
	for f.at < len(f.raw) && !f.full() {
		n := eventEnd(f.raw[f.at:], e.scan)
		if n < 0 {
			if !end {
				e.scan = max(0, len(f.raw)-f.at-3)
				return nil
			}
			n = len(f.raw) - f.at
		}
		e.scan = 0
		if err := e.event(f, f.at+n); err != nil {
			return err
		}
	}
	return nil
}

// eventEnd finds the end of an event, behind its empty line.
func eventEnd(text []byte, from int) int {
	best := -1
	for _, blank := range [...]string{"\n\n", "\r\n\r\n", "\r\r", "\n\r\n"} {
		if i := bytes.Index(text[from:], []byte(blank)); i >= 0 && (best < 0 || from+i+len(blank) < best) {
			best = from + i + len(blank)
		}
	}
	return best
}

func (e *eventReader) event(f *Filter, end int) (err error) {
	if !dataIsJSON(f.raw[f.at:end]) {
		f.plain(f.at, end, noScope, ruleNone, formText, flagsUnknown)
		f.at = end
		f.endRecord(end)
		return nil
	}
	all := f.raw
	f.raw, f.together = all[:end], true
	*e.json = jsonReader{jsonPlace: jsonPlace{plan: e.json.plan, stack: e.json.stack[:0]}}
	err = e.json.read(f, true) // nothing is complete, so it does not stop
	f.raw, f.together = all, false
	f.endRecord(end)
	return err
}

// dataIsJSON says whether the data of an event begins an object or array.
func dataIsJSON(event []byte) bool {
	for line := range bytes.Lines(event) {
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = bytes.TrimLeft(data, " ")
			return len(data) > 0 && (data[0] == '{' || data[0] == '[' || data[0] == '"')
		}
	}
	return false
}

func (e *eventReader) lowest() int32      { return math.MaxInt32 }
func (e *eventReader) moved(int32, int32) {}

// Message looks at one message, such as a WebSocket's, as if it were a whole body: it
// is JSON, HTML or text, as its first bytes say. The filter is used again for the
// next.
func (f *Filter) Message(dst, message []byte) ([]byte, error) {
	kind := KindOf("", message)
	if err := f.Reset(kind, f.o); err != nil {
		return dst, err
	}
	dst, err := f.Write(dst, message)
	if err != nil {
		return dst, err
	}
	return f.Close(dst)
}
