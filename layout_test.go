package custody_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layout says which packages of this module each package may import: the arrows of
// the design, in one table. Change it on purpose or not at all. Tests may use real
// parts of any package, so only the other files are held to it.
var layout = map[string][]string{
	".":                    {},
	"internal/book":        {"."},
	"internal/durable":     {},
	"internal/look":        {},
	"internal/loop":        {"internal/rawsocket"},
	"internal/rawsocket":   {},
	"internal/sockettest":  {},
	"config":               {"."},
	"identity":             {"."},
	"policy":               {"."},
	"subjects":             {"."},
	"pgproxy/lineage":      {"."},
	"gate":                 {"."},
	"ledger":               {".", "internal/durable"},
	"pgproxy":              {".", "gate", "internal/loop", "pgproxy/lineage"},
	"store":                {".", "identity", "ledger", "notice", "policy", "subjects", "trace/intake"},
	"subjects/body":        {".", "subjects"},
	"identity/**":          {".", "identity"},
	"signin":               {".", "identity", "identity/**", "internal/look"},
	"portal":               {".", "gate", "internal/loop", "subjects/body", "portal/**"},
	"portal/**":            {".", "gate", "internal/look", "internal/loop", "portal/http1", "subjects/body"},
	"doctor":               {"."},
	"doctor/**":            {".", "doctor"},
	"detect":               {"."},
	"detect/**":            {".", "detect"},
	"detect/watch":         {".", "accesslog", "detect"},
	"notice":               {"."},
	"backup":               {".", "internal/durable"},
	"console":              {".", "accesslog", "console/**", "detect", "notice", "signin", "trace", "trace/inquiry", "trace/intake"},
	"console/**":           {"."},
	"trace":                {"."},
	"trace/intake":         {".", "accesslog", "trace"},
	"trace/found":          {".", "internal/book", "subjects"},
	"trace/inquiry":        {".", "accesslog", "trace", "trace/found"},
	"accesslog":            {".", "internal/book"},
	"examples/bodyshop":    {"examples/bodyshop/estimate"},
	"examples/bodyshop/**": {"examples/bodyshop", "examples/bodyshop/**"},

	// These may use everything; nobody imports cmd/custody.
	"site": {
		".", "accesslog", "backup", "config", "console", "console/**", "detect", "detect/**", "doctor/**", "doctor", "gate", "identity", "identity/**", "internal/durable", "ledger", "notice", "pgproxy", "policy",
		"portal", "portal/**", "signin", "store", "subjects", "subjects/body", "trace", "trace/**",
	},
	"cmd/custody":   {"**"},
	"custodytest":   {"**"},
	"examples/demo": {"custodytest", "examples/bodyshop", "identity/totp", "lab/live"},
	"bench/**":      {"**"},
	"e2e/**":        {"**"},
	"lab":           {"."},
	"lab/**":        {"**"},
}

func TestImportDirections(t *testing.T) {
	used := map[string]bool{}
	for dir, imports := range localImports(t, ".") {
		entry, may := rule(dir)
		if entry == "" {
			t.Errorf("package %s is new: say in the table of layout_test.go what it may import", dir)
			continue
		}
		used[entry] = true
		for _, imp := range imports {
			if imp == "cmd/custody" || !slices.ContainsFunc(may, func(p string) bool { return matches(p, imp) }) {
				t.Errorf("package %s imports %s, which the table of layout_test.go does not allow", dir, imp)
			}
		}
	}
	if len(used) == 0 {
		t.Fatal("found no packages: the test looks in the wrong place")
	}
}

// TestImportDirectionsNotice shows that the rules can be broken at all.
func TestImportDirectionsNotice(t *testing.T) {
	for _, broken := range [][2]string{{"gate", "ledger"}, {".", "gate"}, {"pgproxy", "identity"}, {"identity", "store"}} {
		if _, may := rule(broken[0]); slices.ContainsFunc(may, func(p string) bool { return matches(p, broken[1]) }) {
			t.Errorf("%s may import %s", broken[0], broken[1])
		}
	}
	if entry, _ := rule("utils"); entry != "" {
		t.Error("a package that is not in the table was accepted")
	}
}

// rule finds the table's entry for a package: its own, else that of a folder above.
func rule(dir string) (entry string, may []string) {
	if may, ok := layout[dir]; ok {
		return dir, may
	}
	for pattern, may := range layout {
		if strings.HasSuffix(pattern, "/**") && matches(pattern, dir) {
			return pattern, may
		}
	}
	return "", nil
}

// matches says whether a package is meant by a pattern: itself, "**" for any, or
// "x/**" for x and what is below it.
func matches(pattern, dir string) bool {
	folder, below := strings.CutSuffix(pattern, "/**")
	return pattern == dir || pattern == "**" || below && (dir == folder || strings.HasPrefix(dir, folder+"/"))
}

// localImports maps each folder with Go files to the packages of this module that
// they import, both written as paths from the root of the module.
func localImports(t *testing.T, root string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		imports, err := importsOf(path)
		found[dir] = append(found[dir], imports...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func importsOf(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if imported == "custody" {
			list = append(list, ".")
		} else if local, ok := strings.CutPrefix(imported, "custody/"); ok {
			list = append(list, local)
		}
	}
	return list, nil
}
