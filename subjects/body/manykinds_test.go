package body

import (
	"fmt"
	"strings"
)

// manyKind is a kind of identifier, and the ways in which it is written.
type manyKind struct {
	name      string
	column    int // of the export of crowd; 0: the key
	least     int // spellings that there must be
	value     func(k int) string
	core      func(k int) string // what must be gone; nil: the value
	spellings []func(string) string
}

func surnameOf(k int) string {
	b := []byte("Qu")
	for range 4 {
		b = append(b, "aeioulnrstbdfgkmpvwz"[k%20])
		k /= 20
	}
	return string(b)
}

func postcodeOf(k int) string {
	const letters = "ABDEFGHJLNPQRSTUWXYZ"
	return fmt.Sprintf("HX%d %d%c%c", 1+k/4000%9, k/400%10, letters[k/20%20], letters[k%20])
}

// identifiers are the kinds that recognition knows (docs/recognition.md).
var identifiers = []manyKind{
	{"phone", 1, 30, phoneOf, func(k int) string { return phoneOf(k)[5:] }, phoneSpellings},
	{"email", 2, 30, emailOf, nil, emailSpellings},
	{"registration", 3, 30, markOf, nil, markSpellings},
	{"VIN", 3, 15, func(k int) string { return fmt.Sprintf("SALWA2BE%09d", k) }, nil, wordSpellings},
	{"policy or claim number", 4, 15, func(k int) string { return fmt.Sprintf("NM%07d", k) }, nil, append(policySpellings, wordSpellings...)},
	{"account", 5, 8, func(k int) string { return fmt.Sprintf("200415%08d", 30_000_000+k) }, nil, accountSpellings},
	{"surname with postcode", 6, 10, func(k int) string { return surnameOf(k) + "|" + postcodeOf(k) }, surnameOf, pairSpellings},
	{"key", 0, 3, func(k int) string { return fmt.Sprint(k) }, nil, []func(string) string{
		func(s string) string { return s }, func(s string) string { return " " + s }, func(s string) string { return s + " " }}},
}

var phoneSpellings = []func(d string) string{
	func(d string) string { return d },
	func(d string) string { return d[:5] + " " + d[5:] },
	func(d string) string { return d[:5] + " " + d[5:8] + " " + d[8:] },
	func(d string) string { return "+44" + d[1:] },
	func(d string) string { return "+44 " + d[1:5] + " " + d[5:] },
	func(d string) string { return "+44 (0)" + d[1:5] + " " + d[5:] },
	func(d string) string { return "+44 (0)" + d[1:5] + "-" + d[5:] },
	func(d string) string { return "0044" + d[1:] },
	func(d string) string { return "0044 " + d[1:5] + " " + d[5:8] + " " + d[8:] },
	func(d string) string { return "00 44 (0) " + d[1:5] + " " + d[5:] },
	func(d string) string { return "44" + d[1:] },
	func(d string) string { return "440" + d[1:] },
	func(d string) string { return d[1:] },
	func(d string) string { return d[1:5] + " " + d[5:] },
	func(d string) string { return d[:5] + "-" + d[5:8] + "-" + d[8:] },
	func(d string) string { return d[:5] + "." + d[5:8] + "." + d[8:] },
	func(d string) string { return "(" + d[:5] + ") " + d[5:] },
	func(d string) string { return "[" + d[:5] + " " + d[5:] + "]" },
	func(d string) string { return d[:5] + "\u00a0" + d[5:] },
	func(d string) string { return d[:5] + "\u2009" + d[5:8] + "\u2009" + d[8:] },
	func(d string) string { return d[:5] + "\u2011" + d[5:] },
	func(d string) string { return d[:5] + "\u2013" + d[5:] },
	wideForm,
	func(d string) string { return strings.Map(func(r rune) rune { return r - '0' + '٠' }, d) },
	func(d string) string { return "tel:+44" + d[1:] },
	func(d string) string { return "Mobile no.: " + d[:5] + " " + d[5:] },
	func(d string) string { return d[:5] + " " + d[5:] + " ext 4" },
	func(d string) string { return "'" + d },
	func(d string) string { return "\u200b" + d },
	func(d string) string { return "+44\t" + d[1:5] + "\t" + d[5:] },
	func(d string) string { return d[:5] + "/" + d[5:] },
	func(d string) string { return strings.Join(strings.Split(d, ""), " ") },
	func(d string) string { return d[:5] + "_" + d[5:] },
}

// wideForm writes letters, digits and signs in their full-width forms.
func wideForm(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xFEE0
		}
		return r
	}, s)
}

// around writes a value in the ways of a list, each with one % where it stands.
func around(shape func(string) string, ways ...string) (list []func(string) string) {
	for _, way := range ways {
		list = append(list, func(s string) string { return strings.ReplaceAll(way, "%", shape(s)) })
	}
	return list
}

func same(s string) string { return s }

var emailSpellings = append(append(around(same, "%", " %", "\t%", "<%>", "Some Body <%>", "\"Body, Some\" <%>", "mailto:%", "MAILTO:%", "mailto:%?subject=Car", "'%'", "\"%\"",
	"%.", "%,", "%;", "(%)", "[%]", "\ufeff%", "\u202a%\u202c", "\u00a0%\u00a0", "Email: %", "e-mail: %", "\u201c%\u201d", "<mailto:%>", "; % ;", "%...", "to=%", "x/%", "write to % today"),
	around(strings.ToUpper, "%")...),
	func(s string) string { return strings.Replace(s, "@", "＠", 1) },
	func(s string) string { return strings.Replace(s, "@", "@\u200b", 1) },
	func(s string) string { return s[:3] + "\u00ad" + s[3:] },
	func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
)

func between(sign string) func(string) string {
	return func(m string) string { return m[:4] + sign + m[4:] }
}

var markSpellings = append(append(append(around(between(" "), "%", " % ", "[%]", "(%)", "'%'", "\"%\"", "%.", "\u200b%", "the silver % at the gate", "Reg: %", "%;"),
	around(same, "%", "\ufeff%", "reg. no. %", "=\"%\"")...),
	around(strings.ToLower, "%", "car %")...),
	between("-"), between("."), between("  "), between("\t"), between("\u00a0"), between("\u2009"), between("\u2011"), between("\u2013"), between("_"), between("\u200b"), between("\u00b7"), between("\u00ad"),
	wideForm,
	func(m string) string { return m[:2] + " " + m[2:4] + " " + m[4:] },
	func(m string) string { return m[:2] + "-" + m[2:4] + "-" + m[4:] },
	func(m string) string { return strings.Join(strings.Split(m, ""), " ") },
	func(m string) string { return strings.ToLower(between(" ")(m)) },
)

// wordSpellings are those of identifiers that are written as one word.
var wordSpellings = append(append(around(same, "%", " %", "%.", "%,", "%;", "(%)", "[%]", "'%'", "\"%\"", "\ufeff%", "\u200b%", "no. %", "No: %", "see % of today", "=\"%\"", "\u201c%\u201d"),
	around(strings.ToLower, "%", "ref %")...), wideForm)

var policySpellings = []func(string) string{
	func(s string) string { return s[:2] + "-" + s[2:] }, func(s string) string { return s[:2] + "/" + s[2:] }, func(s string) string { return s[:2] + " " + s[2:] },
	func(s string) string { return s[:2] + "-" + s[2:5] + "-" + s[5:] }, func(s string) string { return "Policy " + s[:2] + "\u2011" + s[2:] },
	func(s string) string { return "#" + s },
}

var accountSpellings = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return s[:2] + "-" + s[2:4] + "-" + s[4:6] + " " + s[6:] },
	func(s string) string { return s[:2] + " " + s[2:4] + " " + s[4:6] + " " + s[6:] },
	func(s string) string { return s[:6] + " " + s[6:] },
	func(s string) string { return s[:2] + "-" + s[2:4] + "-" + s[4:6] + "/" + s[6:] },
	func(s string) string { return "account " + s[:2] + "-" + s[2:4] + "-" + s[4:6] + " " + s[6:] },
	func(s string) string { return s[:2] + "\u2011" + s[2:4] + "\u2011" + s[4:6] + "\u00a0" + s[6:] },
	wideForm,
}

// pairSpellings write a surname and a postcode, which are given parted by a bar.
var pairSpellings = func() (list []func(string) string) {
	for _, way := range []string{"N P", "Vera N, P", "Mrs N of P", "N, Vera; P", "N\u00a0P", "P N", "Dear Mr N,\tyour postcode P", "V. N - P", "to N at P, UK", "N (P)"} {
		list = append(list, func(s string) string {
			name, place, _ := strings.Cut(s, "|")
			return strings.NewReplacer("N", name, "P", place).Replace(way)
		})
	}
	return append(list,
		func(s string) string {
			name, place, _ := strings.Cut(s, "|")
			return name + " " + strings.ReplaceAll(place, " ", "")
		},
		func(s string) string {
			name, place, _ := strings.Cut(s, "|")
			return strings.ToUpper(name) + " " + strings.ToLower(place)
		})
}()
