package console

// PagePatterns lists the patterns of all pages and forms.
func PagePatterns() (list []string) {
	for _, r := range pageRoutes() {
		list = append(list, r.pattern)
	}
	return list
}

// Description is the OpenAPI document.
func Description() ([]byte, error) { return describe(calls()) }
