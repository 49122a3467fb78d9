package ledger

import (
	"fmt"
	"io/fs"

	"custody"
)

// Damage is a place where the ledger is not what was written. It unwraps from the
// errors of Open, OpenReader and Verify.
type Damage struct {
	File   string // name inside the ledger's folder
	Frame  uint64 // number of the frame, from 0; the next one if none starts there
	Offset int64  // of the frame in the file, in bytes
	What   string
}

// Error names the place.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s, frame %d, offset %d: %s", d.File, d.Frame, d.Offset, d.What)
}

func damaged(d *Damage) error {
	return &custody.Error{
		Code:    custody.CodeInvalid,
		Message: "the ledger is damaged: " + d.Error(),
		Hint:    "keep this folder as it is, and restore the named file from a copy; `custody ledger verify` checks the result",
		Err:     d,
	}
}

func unrecorded(err error, hint string) error {
	return &custody.Error{
		Code:    custody.CodeUnrecorded,
		Message: "the ledger could not record this, so nothing may be released",
		Hint:    hint,
		Err:     err,
	}
}

func failed(what string, err error) error {
	return &custody.Error{
		Code:    custody.CodeInternal,
		Message: "the ledger could not " + what,
		Hint:    "check that the ledger's folder exists, that it belongs to the user who runs custody and that its disk is not full",
		Err:     err,
	}
}

var errNotExist = fs.ErrNotExist

var errNoLedger = custody.E(custody.CodeNotFound, "there is no ledger in this folder", "make one with `custody init`, or name the folder of an existing one")
