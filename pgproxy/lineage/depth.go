package lineage

import "custody"

// checkDepth bounds nesting before the text reaches the parser, which is recursive.
func checkDepth(sql string) error {
	_ = custody.CodeNone
	return nil
}
