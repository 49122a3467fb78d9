package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"custody"
)

// Error is an answer of RFC 7644 §3.12. Its text holds no personal data.
type Error struct {
	Status int
	Type   string // scimType; empty where the standard has none
	Detail string
}

// Error gives the detail.
func (e *Error) Error() string { return e.Detail }

func invalidFilter(detail string) *Error {
	return &Error{http.StatusBadRequest, "invalidFilter", detail}
}
func invalidPath(detail string) *Error  { return &Error{http.StatusBadRequest, "invalidPath", detail} }
func invalidValue(detail string) *Error { return &Error{http.StatusBadRequest, "invalidValue", detail} }
func invalidSyntax(detail string) *Error {
	return &Error{http.StatusBadRequest, "invalidSyntax", detail}
}
func noTarget(detail string) *Error   { return &Error{http.StatusBadRequest, "noTarget", detail} }
func mutability(detail string) *Error { return &Error{http.StatusBadRequest, "mutability", detail} }

var (
	// ErrVersion is the answer to a change of a version that is not the newest.
	ErrVersion = &Error{http.StatusPreconditionFailed, "", "the resource has changed since: read it again"}
	errMissing = &Error{http.StatusNotFound, "", "there is no such resource"}
)

// statuses translates the codes of the backend.
var statuses = map[custody.Code]Error{
	custody.CodeInvalid:     {Status: http.StatusBadRequest, Type: "invalidValue"},
	custody.CodeTooLarge:    {Status: http.StatusRequestEntityTooLarge},
	custody.CodeUnsupported: {Status: http.StatusBadRequest, Type: "mutability"},
	custody.CodeNotFound:    {Status: http.StatusNotFound},
	custody.CodeConflict:    {Status: http.StatusConflict, Type: "uniqueness"},
	custody.CodeForbidden:   {Status: http.StatusForbidden},
	custody.CodeUnavailable: {Status: http.StatusServiceUnavailable},
}

// asError gives the answer for any error. What is not meant for the client is told as
// a fault, without its text.
func asError(err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	e, ok := statuses[custody.CodeOf(err)]
	if !ok {
		return &Error{http.StatusInternalServerError, "", "a fault of the service; its log says more"}
	}
	e.Detail = err.Error()
	if hint := custody.HintOf(err); hint != "" {
		e.Detail += ": " + hint
	}
	return &e
}

func writeError(w http.ResponseWriter, e *Error) {
	body := map[string]any{"schemas": []string{errorURN}, "status": strconv.Itoa(e.Status), "detail": e.Detail}
	if e.Type != "" {
		body["scimType"] = e.Type
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, e.Status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body)
}
