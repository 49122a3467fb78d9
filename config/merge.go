package config

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Merge puts a proposed system into the text of a custody.yaml and says what is new.
// What is there already stays as somebody decided it, comments and all: only tables
// and columns that are not declared yet are added. why maps "schema.table" and
// "schema.table.column" to the reason of the proposal, which becomes a comment.
func Merge(data []byte, name string, proposed *System, why map[string]string) (out []byte, added []string, err error) {
	marked := markBlanks(data)
	root, err := parseNode(FileName, marked)
	if err != nil {
		return nil, nil, err
	}
	var before []byte
	if root == nil || root.Kind != yaml.MappingNode { // nothing but comments, which belong to no node
		root, before = mapping(), comments(data)
	}
	m := &merger{why: why}
	m.system(section(root, "systems"), name, proposed)
	if len(m.added) == 0 {
		return data, nil, nil
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, nil, err
	}
	out = append(before, unmarkBlanks(b.Bytes())...)
	_, err = Parse(FileName, out)
	return out, m.added, err
}

// blankMark stands for an empty line while the text is a tree, which keeps comments
// but not empty lines.
const blankMark = "#\u00b7blank\u00b7"

func markBlanks(data []byte) []byte {
	lines := strings.Split(string(data), "\n")
	for i, line := range lines[:len(lines)-1] {
		if strings.TrimSpace(line) == "" {
			lines[i] = blankMark
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

func unmarkBlanks(data []byte) []byte {
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == blankMark {
			lines[i] = ""
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// comments are the lines of a text that says nothing else.
func comments(data []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(data) {
		if text := bytes.TrimSpace(line); len(text) == 0 || text[0] == '#' {
			kept = append(append(kept, text...), '\n')
		}
	}
	return kept
}

type merger struct {
	why   map[string]string
	added []string
}

// system adds a system, or what is new in it.
func (m *merger) system(systems *yaml.Node, name string, s *System) {
	n := child(systems, name)
	if n == nil {
		n = put(systems, name, mapping())
		m.added = append(m.added, name)
		put(n, "database", databaseNode(&s.Database))
	}
	if child(n, "subjects") == nil {
		put(n, "subjects", subjectsNode(&s.Subjects))
	}
	if len(s.Tables) == 0 || isWord(child(n, "subjects"), None) {
		return
	}
	tables := section(n, "tables")
	for _, full := range sortedKeys(s.Tables) {
		m.table(tables, full, s.Tables[full])
	}
}

func (m *merger) table(tables *yaml.Node, full string, t *Table) {
	n := findTable(tables, full)
	if isWord(n, None) {
		return
	}
	if n == nil {
		m.added = append(m.added, full)
		if t.None {
			m.explain(put(tables, full, word(None)), full)
			return
		}
		n = put(tables, full, mapping())
		m.explain(tables.Content[len(tables.Content)-2], full)
	}
	if t.None {
		return
	}
	if child(n, "key") == nil {
		put(n, "key", word(t.Key))
	}
	m.columns(n, full, t)
}

// columns adds the columns that are not declared, and to the identifiers those of
// them that are.
func (m *merger) columns(n *yaml.Node, full string, t *Table) {
	var columns *yaml.Node
	for _, column := range sortedKeys(t.Columns) {
		if columns == nil {
			columns = section(n, "columns")
		}
		if child(columns, column) != nil {
			continue
		}
		at := full + "." + column
		m.added = append(m.added, at)
		value := put(columns, column, word(t.Columns[column]))
		if columns.Style&yaml.FlowStyle == 0 {
			m.explain(value, at)
		}
		if slices.Contains(t.Identifiers, column) {
			list := child(n, "identifiers")
			if list == nil {
				list = put(n, "identifiers", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle})
			}
			list.Content = append(list.Content, word(column))
		}
	}
}

func (m *merger) explain(n *yaml.Node, at string) {
	if reason := m.why[at]; reason != "" {
		n.LineComment = "# " + strings.Join(strings.Fields(reason), " ")
	}
}

// section gives the mapping of a key, made if it is not there or empty.
func section(parent *yaml.Node, key string) *yaml.Node {
	n := child(parent, key)
	if n == nil {
		return put(parent, key, mapping())
	}
	if n.Kind != yaml.MappingNode {
		n.Kind, n.Tag, n.Value, n.Style = yaml.MappingNode, "", "", 0
	}
	if len(n.Content) == 0 {
		n.Style = 0 // {} becomes lines
	}
	return n
}

// put adds a key to a mapping and gives the value's node.
func put(parent *yaml.Node, key string, value *yaml.Node) *yaml.Node {
	parent.Content = append(parent.Content, word(key), value)
	return value
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

// word is a string's node; the encoder quotes it where that is needed.
func word(s string) *yaml.Node {
	var n yaml.Node
	n.SetString(s)
	return &n
}

func isWord(n *yaml.Node, s string) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.Value == s
}

// findTable finds a table whether or not its schema is written.
func findTable(tables *yaml.Node, full string) *yaml.Node {
	for i := 0; i+1 < len(tables.Content); i += 2 {
		if FullTable(tables.Content[i].Value) == full {
			return tables.Content[i+1]
		}
	}
	return nil
}

func databaseNode(d *Database) *yaml.Node {
	n := mapping()
	for _, f := range [][2]string{
		{"url", d.URL}, {"credential", d.Credential}, {"sslmode", d.SSLMode}, {"root_certificate", d.RootCertificate},
		{"client_certificate", d.ClientCertificate}, {"client_key", d.ClientKey},
	} {
		if f[1] != "" {
			put(n, f[0], word(f[1]))
		}
	}
	return n
}

func subjectsNode(s *Subjects) *yaml.Node {
	if s.None {
		return word(None)
	}
	n := mapping()
	n.Style = yaml.FlowStyle
	put(n, "table", word(s.Table))
	put(n, "key", word(s.Key))
	return n
}
