package body

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
var barrier = map[string]bool{"table": true, "ul": true, "ol": true, "select": true, "div": true, "section": true, "article": true, "body": true, "form": true, "main": true, "dl": true, "menu": true}

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
