package board

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold makes texts equal that look alike: those that differ in case, accents, width, in characters that show nothing, or
// in letters of other scripts that look like Latin ones.
func Fold(s string) string {
	if isPrintableASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(norm.NFKC.String(s))) {
		if r < ' ' || unicode.In(r, unicode.Mn, unicode.Cf) || r == '\u2800' {
			continue
		}
		r = unicode.ToLower(r)
		if latin, ok := lookalikes[r]; ok {
			r = latin
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lookalikes are lower-case letters that most fonts draw as Latin ones, small or capital.
var lookalikes = pairs(
	"аaвbеeкkмmнhоoрpсcтtуyхxіiјjѕsԁdԛqԝwһhӏl" + // Cyrillic
		"αaβbεeζzηhιiκkμmνnοoρpτtυyχxγyωwςσ" + // Greek, and the sigma at the end of a word
		"ıiȷjɑaɡgɩiʋvꞵb" + // of Latin's own
		"ոnսuօoհhցgքpԼl", // Armenian
)

func pairs(s string) map[rune]rune {
	runes, m := []rune(s), map[rune]rune{}
	for i := 0; i+1 < len(runes); i += 2 {
		m[runes[i]] = runes[i+1]
	}
	return m
}
