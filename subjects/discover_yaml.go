package subjects

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// SystemName makes a system's name of the database's: lower-case letters, digits,
// dashes and underscores, a letter first.
func (p *Proposal) SystemName() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, p.Database)
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "db" + name
	}
	return name[:min(len(name), 60)]
}

// YAML writes the proposal as custody.yaml has it, one column a line, each with its
// reason as a comment. Tables that are left out follow as comments.
func (p *Proposal) YAML() []byte {
	var b bytes.Buffer
	line := func(indent int, text, comment string) {
		b.WriteString(strings.Repeat("  ", indent) + text)
		if comment != "" {
			b.WriteString("  # " + comment)
		}
		b.WriteByte('\n')
	}
	hub := p.Tables[0]
	line(0, "systems:", "")
	line(1, scalar(p.SystemName())+":", "")
	line(2, "subjects: {table: "+flow(hub.Schema+"."+hub.Name)+", key: "+flow(hub.Key)+"}", because(p.Confidence, p.Reason))
	line(2, "tables:", "")
	for _, t := range p.Tables {
		line(3, scalar(t.Schema+"."+t.Name)+":", because(t.Confidence, t.Reason))
		line(4, "key: "+scalar(t.Key), "")
		if len(t.Columns) == 0 {
			continue
		}
		line(4, "columns:", "")
		var identifiers []string
		for _, c := range t.Columns {
			line(5, scalar(c.Name)+": "+c.Category.String(), because(c.Confidence, c.Reason))
			if c.Identifier {
				identifiers = append(identifiers, flow(c.Name))
			}
		}
		if len(identifiers) > 0 {
			line(4, "identifiers: ["+strings.Join(identifiers, ", ")+"]", "")
		}
	}
	p.leftOutYAML(line)
	return b.Bytes()
}

func (p *Proposal) leftOutYAML(line func(int, string, string)) {
	for _, personal := range []bool{true, false} {
		head := "Left out:"
		if personal {
			head = "Left out, but look at these:"
		}
		for _, l := range p.LeftOut {
			if l.Personal == personal {
				if head != "" {
					line(0, "# "+head, "")
					head = ""
				}
				line(0, "#   "+plain(l.Schema+"."+l.Name)+": "+plain(l.Reason), "")
			}
		}
	}
}

func because(percent int, reason string) string {
	return fmt.Sprintf("%d %%: %s", percent, plain(reason))
}

// plain keeps a name with strange characters from ending a comment.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

// scalar writes a name as YAML would, quoted where it must be.
func scalar(s string) string {
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s})
	if err != nil || bytes.ContainsRune(bytes.TrimSpace(out), '\n') {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSpace(string(out))
}

// flow writes a name inside braces or brackets, where commas and brackets end it.
func flow(s string) string {
	if strings.ContainsAny(s, "{}[],") {
		return fmt.Sprintf("%q", s)
	}
	return scalar(s)
}
