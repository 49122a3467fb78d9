package custody_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	outside  = regexp.MustCompile(`^[a-z]+:`)
	heading  = regexp.MustCompile(`^#+ +(.*)`)
	noAnchor = regexp.MustCompile(`[^\pL\pN_\- ]`)
)

// TestLinksLeadSomewhere: what a document links to in this folder is there, and so is
// the heading it names.
func TestLinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if outside.MatchString(m[1]) {
				continue
			}
			links++
			if why := broken(t, file, m[1]); why != "" {
				t.Errorf("%s links to %s: %s", file, m[1], why)
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links were found: the test looks in the wrong place", links)
	}
	for _, bad := range []string{"docs/nosuch.md", "docs/guide.md#no-such-heading"} {
		if broken(t, "README.md", bad) == "" {
			t.Errorf("a link to %s was accepted", bad)
		}
	}
}

// broken says what is wrong with a link of a document, or nothing.
func broken(t *testing.T, file, link string) string {
	t.Helper()
	path, anchor, _ := strings.Cut(link, "#")
	target := file
	if path != "" {
		target = filepath.Join(filepath.Dir(file), path)
	}
	if _, err := os.Stat(target); err != nil {
		return "nothing is there"
	}
	if anchor != "" && strings.HasSuffix(target, ".md") && !anchors(read(t, target))[anchor] {
		return "no such heading"
	}
	return ""
}

// anchors gives what the headings of a document are called in links.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if m := heading.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !code {
			title := link.ReplaceAllString(m[1], "")
			found[strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(title), ""), " ", "-")] = true
		}
	}
	return found
}

func documents(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
