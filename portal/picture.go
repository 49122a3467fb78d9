package portal

import (
	"bytes"
	"mime"
	"strings"
)

// magics are the first bytes of the furniture that may pass although it cannot be
// inspected, by the family of its type. Everything else that is not text is refused.
var magics = map[string][]string{
	"image": {"\x89PNG\r\n\x1a\n", "GIF87a", "GIF89a", "\xff\xd8\xff", "\x00\x00\x01\x00", "BM"},
	"font":  {"wOFF", "wOF2", "\x00\x01\x00\x00", "OTTO", "true", "ttcf"},
	"wasm":  {"\x00asm"},
}

// picture says whether an answer is what its type says: a picture, a font or a
// WebAssembly module. A page that calls itself a picture is none.
func picture(contentType string, first []byte) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	family, kind, _ := strings.Cut(media, "/")
	if family == "application" {
		switch {
		case kind == "wasm":
			family = "wasm"
		case strings.HasPrefix(kind, "font-") || strings.HasPrefix(kind, "x-font-") || kind == "vnd.ms-fontobject":
			family = "font"
		}
	}
	if family == "font" && kind == "vnd.ms-fontobject" && len(first) > 36 {
		return first[34] == 0x4c && first[35] == 0x50
	}
	for _, m := range magics[family] {
		if bytes.HasPrefix(first, []byte(m)) {
			return true
		}
	}
	return family == "image" && len(first) > 12 &&
		(bytes.Equal(first[:4], []byte("RIFF")) && bytes.Equal(first[8:12], []byte("WEBP")) || bytes.Equal(first[4:8], []byte("ftyp")))
}
