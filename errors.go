package custody

import "errors"

// Code is the machine's part of an error. Each edge translates it once: pgproxy to
// a SQLSTATE, the command line to an exit code. Numbers are written in the ledger.
type Code uint8

// The codes. Add at the end only.
const (
	CodeNone         Code = iota
	CodeInternal          // a fault of ours; details are in the log, not in the message
	CodeUnauthorised      // the credential was not accepted
	CodeForbidden         // no current right
	CodeUnattributed      // personal data that cannot be tied to its subjects (P4)
	CodeLimit             // the next subject would be over the limit (P5)
	CodeReason            // a reason must be stated first
	CodeUnrecorded        // the ledger could not write, so nothing was released (P1)
	CodeRevoked           // the right ended while the session ran (P3)
	CodeUnsupported       // a protocol feature that the gate does not let through
	CodeInvalid           // input that does not parse or does not fit
	CodeNotFound          // no such thing, or nothing the asker may know of
	CodeConflict          // already there, or held by somebody else
	CodeUnavailable       // the system behind the gate cannot be reached
	CodeTooLarge          // input over a stated maximum
	CodeConfirm           // the person must sign in anew and confirm what was asked in their name
	codeCount
)

var codeNames = [codeCount]string{
	"none", "internal", "unauthorised", "forbidden", "unattributed", "limit", "reason",
	"unrecorded", "revoked", "unsupported", "invalid", "not-found", "conflict",
	"unavailable", "too-large", "confirm",
}

// String gives the code's name as --json prints it.
func (c Code) String() string {
	if c < codeCount {
		return codeNames[c]
	}
	return "unknown"
}

// Error is a code, a message for people and a hint that says what to try next.
// Message and Hint never hold personal data (P7); Err is for the log only.
type Error struct {
	Code    Code
	Message string
	Hint    string
	Err     error
}

// Error gives the message. The wrapped error is left out on purpose (P7).
func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause, for logs and errors.Is.
func (e *Error) Unwrap() error { return e.Err }

// E makes an error from its code, message and hint.
func E(code Code, message, hint string) *Error {
	return &Error{Code: code, Message: message, Hint: hint}
}

// CodeOf finds the code of an error; an error without one is internal.
func CodeOf(err error) Code {
	if err == nil {
		return CodeNone
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// HintOf finds the hint of an error, or nothing.
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
