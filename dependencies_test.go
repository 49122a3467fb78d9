package custody_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDependenciesHaveReasons holds docs/dependencies.md to the imports: every module
// that is imported has a line, and every line is of a module that is used.
func TestDependenciesHaveReasons(t *testing.T) {
	modules := requiredModules(t)
	used := map[string]bool{}
	for path := range importedPaths(t) {
		if m := moduleOf(path, modules); m != "" {
			used[m] = true
		}
	}
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = true
	}
	for m := range used {
		if !listed[m] {
			t.Errorf("%s is imported and has no reason in docs/dependencies.md", m)
		}
	}
	for m := range listed {
		if !used[m] && m != "honnef.co/go/tools" { // a tool, which nobody imports
			t.Errorf("docs/dependencies.md gives a reason for %s, which nobody imports", m)
		}
	}
}

func requiredModules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+/\S+) v\d`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatal("found no modules in go.mod")
	}
	return list
}

// moduleOf finds the module of a package: the longest that it begins with.
func moduleOf(path string, modules []string) string {
	found := ""
	for _, m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(found) {
			found = m
		}
	}
	return found
}

// importedPaths gives every path that a Go file of this module imports, tests too.
func importedPaths(t *testing.T) map[string]bool {
	t.Helper()
	paths := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			paths[imported] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
