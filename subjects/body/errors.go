package body

import "custody"

// ErrUninspectable says that a body's kind cannot be inspected: what policy does
// with it is for the portal to say.
var ErrUninspectable error = custody.E(custody.CodeUnsupported, "the answer is of a kind that cannot be inspected",
	"ask the administrator; uninspectable: allow in custody.yaml lets such answers through unseen")

func errTooLarge(what string) error {
	return custody.E(custody.CodeTooLarge, what, "ask for a smaller page or a filtered export")
}

func errCharset() error {
	return custody.E(custody.CodeUnsupported, "the answer is in a character set that cannot be inspected",
		"have the application answer in UTF-8")
}
