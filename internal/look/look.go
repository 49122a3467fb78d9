// Package look is how the gate's own pages look: those of signing in, and those that
// stand in the place of an application's.
package look

import _ "embed"

// Sheet is the style sheet of every page of the gate.
//
//go:embed custody.css
var Sheet string

// Mark is the gate's sign, an SVG picture.
//
//go:embed mark.svg
var Mark string
