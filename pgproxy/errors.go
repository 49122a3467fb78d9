package pgproxy

import (
	"errors"
	"strconv"

	"custody"
	"custody/pgproxy/lineage"
)

// sqlstates translates error codes at this edge, once.
var sqlstates = map[custody.Code]string{
	custody.CodeInternal:     "XX000",
	custody.CodeUnauthorised: "28P01",
	custody.CodeForbidden:    "42501",
	custody.CodeUnattributed: "42501",
	custody.CodeLimit:        "53400",
	custody.CodeReason:       "42501",
	custody.CodeUnrecorded:   "58030",
	custody.CodeRevoked:      "57P01",
	custody.CodeUnsupported:  "0A000",
	custody.CodeInvalid:      "08P01",
	custody.CodeNotFound:     "3D000",
	custody.CodeConflict:     "55006",
	custody.CodeUnavailable:  "57P03",
	custody.CodeTooLarge:     "54000",
	custody.CodeConfirm:      "28000", // one that makes no pool of connections drop the connection
}

// appendError writes an ErrorResponse. Everything in it is ours: no value from a
// row and no cause from within ever reaches it (P7).
func appendError(dst []byte, severity string, err error) []byte {
	code := custody.CodeOf(err)
	text, hint := "the gate failed; the cause is in its log", "tell the administrator the time of this message"
	if code != custody.CodeInternal {
		text, hint = err.Error(), custody.HintOf(err)
	}
	state := sqlstates[code]
	if own, ok := errors.AsType[stated](err); ok {
		state = own.sqlstate
	}
	if words, position, ok := lineage.Syntax(err); ok { // the client's own text, as the database would say it
		return appendFields(dst, 'E', []field{{'S', severity}, {'V', severity}, {'C', "42601"}, {'M', words}, {'P', strconv.Itoa(position)}})
	}
	return appendNotice(dst, 'E', severity, state, "custody: "+text, hint)
}

// stated is an error with the SQLSTATE that the database would give, because
// drivers act on it.
type stated struct {
	err      *custody.Error
	sqlstate string
}

func (s stated) Error() string { return s.err.Message }
func (s stated) Unwrap() error { return s.err }

// appendNotice writes an ErrorResponse ('E') or a NoticeResponse ('N').
func appendNotice(dst []byte, kind byte, severity, sqlstate, text, hint string) []byte {
	return appendFields(dst, kind, []field{{'S', severity}, {'V', severity}, {'C', sqlstate}, {'M', text}, {'H', hint}})
}

// field is one field of an ErrorResponse or NoticeResponse.
type field struct {
	kind  byte
	value string
}

func appendFields(dst []byte, kind byte, fields []field) []byte {
	dst, at := begin(dst, kind)
	for _, f := range fields {
		if f.value != "" {
			dst = appendCString(append(dst, f.kind), f.value)
		}
	}
	return finish(append(dst, 0), at)
}

// schemaClasses are the SQLSTATE classes whose texts speak of statements and
// schema objects, never of values in rows.
var schemaClasses = map[string]bool{
	"00": true, "01": true, "08": true, "0A": true, "25": true, "26": true, "28": true, "2D": true, "34": true,
	"3B": true, "3D": true, "3F": true, "42": true, "53": true, "54": true, "55": true, "57": true, "58": true,
}

// namesFromData are classes whose texts quote a name. Without a position in the
// statement the name may come from a value: name::regclass. ownNames are codes whose
// names are always the statement's own.
var (
	namesFromData = map[string]bool{"42": true, "3D": true, "3F": true}
	ownNames      = map[string]bool{"42501": true, "42P03": true, "42P05": true, "42P06": true, "42P07": true}
)

// valueTexts says what happened, without the value, for the classes whose own texts quote values.
var valueTexts = map[string]string{
	"21": "a subquery gave more rows than it may",
	"22": "a value does not fit its type or operation",
	"23": "the change would break a constraint",
	"3D": "a name in the data is not known",
	"3F": "a name in the data is not known",
	"42": "a name in the data is not known or does not fit",
	"40": "the transaction was rolled back; try again",
	"44": "the change does not satisfy the view's condition",
	"P0": "a function raised an error",
}

// scrub rewrites an ErrorResponse or NoticeResponse of the database so that it
// quotes no value from a row: texts of the classes that may do so are replaced, and
// detail, context and internal query go. Names of schema objects stay, so that
// drivers still know which constraint it was.
func scrub(dst []byte, m message) []byte {
	fields := parseFields(m.body())
	state := fields['C']
	class := ""
	if len(state) >= 2 {
		class = string(state[:2])
	}
	quotes := !schemaClasses[class] || len(fields['W']) > 0 && (class == "00" || class == "01")
	if namesFromData[class] && m.kind() == 'E' && len(fields['P']) == 0 && !ownNames[string(state)] {
		quotes = true // the name was not found in the statement, but in a value
	}
	dst, at := begin(dst, m.kind())
	for _, k := range []byte("SVCMHPRntcdsFL") {
		v, ok := fields[k]
		if !ok {
			continue
		}
		text := string(v)
		if quotes && (k == 'M' || k == 'H') {
			if k == 'H' {
				continue
			}
			if text = valueTexts[class]; text == "" {
				text = "the statement failed"
				if m.kind() == 'N' {
					text = "a notice of a function"
				}
			}
			text += " (the gate leaves out values)"
		}
		dst = appendCString(append(dst, k), text)
	}
	return finish(append(dst, 0), at)
}

// fromFunction says whether the message was raised inside a function or trigger,
// which may quote what the statement itself never mentions.
func fromFunction(m message) bool { return len(parseFields(m.body())['W']) > 0 }

// parseFields reads the fields of an ErrorResponse or NoticeResponse. A broken
// one gives what could be read.
func parseFields(b []byte) map[byte][]byte {
	c := cursor{b: b}
	fields := map[byte][]byte{}
	for {
		k := c.byte()
		if k == 0 || c.bad {
			return fields
		}
		v := c.cstring()
		if c.bad {
			return fields
		}
		fields[k] = v
	}
}
