package body

import "strings"

// What an element is to the reader.
const (
	tagInline   uint8 = 1 << iota // text goes on across it
	tagVoid                       // it has no end tag
	tagRow                        // it is a record, when no other is open
	tagUnit                       // a key inside tells the subject of all of it
	tagRaw                        // its content has no tags
	tagEntities                   // its content has no tags but entities
)

var tagKinds = map[string]uint8{
	"a": tagInline, "abbr": tagInline, "b": tagInline, "bdi": tagInline, "bdo": tagInline, "big": tagInline, "cite": tagInline, "code": tagInline, "data": tagInline,
	"del": tagInline, "dfn": tagInline, "em": tagInline, "font": tagInline, "i": tagInline, "ins": tagInline, "kbd": tagInline, "mark": tagInline, "nobr": tagInline,
	"q": tagInline, "s": tagInline, "samp": tagInline, "small": tagInline, "span": tagInline, "strike": tagInline, "strong": tagInline, "sub": tagInline,
	"sup": tagInline, "time": tagInline, "tt": tagInline, "u": tagInline, "var": tagInline, "ruby": tagInline,
	"wbr":  tagInline | tagVoid,
	"area": tagVoid, "base": tagVoid, "br": tagVoid, "col": tagVoid, "embed": tagVoid, "hr": tagVoid, "img": tagVoid, "input": tagVoid, "link": tagVoid,
	"meta": tagVoid, "param": tagVoid, "source": tagVoid, "track": tagVoid, "frame": tagVoid,
	"tr": tagRow | tagUnit, "li": tagRow | tagUnit, "option": tagRow | tagUnit,
	"article": tagUnit, "form": tagUnit, "dl": tagUnit, "fieldset": tagUnit, "details": tagUnit,
	"script": tagRaw, "style": tagRaw, "xmp": tagRaw, "iframe": tagRaw, "noembed": tagRaw, "noframes": tagRaw,
	"textarea": tagEntities, "title": tagEntities,
}

// closedBy says which open elements an opening tag ends when their own end tags were
// left out.
var closedBy = map[string]string{
	"tr": "tr td th", "td": "td th", "th": "td th", "li": "li", "option": "option", "tbody": "tr td th tbody thead tfoot", "tfoot": "tr td th tbody thead",
	"dt": "dt dd", "dd": "dt dd", "p": "p", "div": "p", "ul": "p", "table": "p", "form": "p", "section": "p", "article": "p",
}

// barrier says which elements end tags left out do not reach across.
var barrier = []string{"table", "ul", "ol", "select", "div", "section", "article", "body", "form", "main", "dl", "menu"}

// tagInfo is what the reader knows of a name.
type tagInfo struct {
	name    string
	kind    uint8
	barrier bool
	closes  uint16 // bits of the open elements that it ends
	bit     uint16 // its own among these
}

// tags are the names that are known, tagTable finds them.
var tags, tagTable = func() ([]tagInfo, nameTable) {
	var list []tagInfo
	place := map[string]int{}
	get := func(name string) *tagInfo {
		if _, ok := place[name]; !ok {
			place[name] = len(list)
			list = append(list, tagInfo{name: name})
		}
		return &list[place[name]]
	}
	for _, name := range strings.Fields("html head body div p table thead tbody tfoot td th ul ol h1 h2 h3 h4 h5 h6 section header footer nav main label button select dt dd pre svg path g use") {
		get(name)
	}
	for name, kind := range tagKinds {
		get(name).kind = kind
	}
	for _, name := range barrier {
		get(name).barrier = true
	}
	next := uint16(1)
	for name, ends := range closedBy {
		for end := range strings.FieldsSeq(ends) {
			if e := get(end); e.bit == 0 {
				e.bit, next = next, next<<1
			}
			bit := get(end).bit
			get(name).closes |= bit
		}
	}
	var names []string
	var to []int32
	for i := range list {
		names, to = append(names, list[i].name), append(to, int32(i))
	}
	return list, newNames(names, to)
}()

// tagOf gives what is known of a name in lower case; of an unknown one, that.
func tagOf(name []byte) *tagInfo {
	if n := len(name); n > 0 && n <= 2 {
		return shortTags[name[0]&31][name[n-1]&31].of(name)
	}
	if i := tagTable.find(name); i >= 0 {
		return &tags[i]
	}
	return &unknownTag
}

// shortTag are the names with the same first and last letter of one or two, which are
// most of all tags.
type shortTag [3]*tagInfo

func (s *shortTag) of(name []byte) *tagInfo {
	for _, t := range s {
		if t != nil && t.name == string(name) {
			return t
		}
	}
	return &unknownTag
}

var shortTags = func() (table [32][32]*shortTag) {
	none := &shortTag{}
	for i := range table {
		for k := range table[i] {
			table[i][k] = none
		}
	}
	for i := range tags {
		name := tags[i].name
		if len(name) > 2 {
			continue
		}
		at := &table[name[0]&31][name[len(name)-1]&31]
		if *at == none {
			*at = &shortTag{}
		}
		for k := range *at {
			if (*at)[k] == nil {
				(*at)[k] = &tags[i]
				break
			}
		}
	}
	return table
}()

var unknownTag tagInfo

// lowerName appends a name in lower case.
func lowerName(dst, name []byte) []byte {
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }
