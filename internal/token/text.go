package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text that strangers wrote, in runes. On chain a name has at most 32 bytes and a symbol 10.
const (
	maxName   = 128
	maxSymbol = 32
	maxText   = 1000
)

// CleanName makes a stranger's name safe for a page or a log: valid UTF-8 without control or text-direction
// characters, trimmed, at most 128 runes. Emoji and their joiners stay. A name that shows nothing is "".
func CleanName(s string) string { return clean(s, maxName) }

// CleanSymbol returns like CleanName for a ticker symbol, at most 32 runes.
func CleanSymbol(s string) string { return clean(s, maxSymbol) }

// maxURI bounds the address of a mint's metadata, in bytes; on chain it has at most 200.
const maxURI = 512

// CleanURI trims the padding off the address of a mint's metadata. What is too long or has a character that no address
// has is "": an address that is mended leads elsewhere.
func CleanURI(s string) string {
	s = strings.Trim(s, " \x00\t\r\n")
	odd := func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) || r == utf8.RuneError }
	if len(s) > maxURI || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}

// CleanText returns like CleanName for a description, at most 1,000 runes.
func CleanText(s string) string { return clean(s, maxText) }

func clean(s string, limit int) string {
	if isPlain(s) && len(s) <= limit {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	left := limit
	for _, r := range strings.TrimSpace(s) {
		if r = visible(r); r < 0 {
			continue
		}
		if left == 0 {
			break
		}
		left--
		b.WriteRune(r)
	}
	cleaned := strings.TrimSpace(b.String())
	if !strings.ContainsFunc(cleaned, showsInk) {
		return ""
	}
	return cleaned
}

// showsInk reports whether r puts anything on a page by itself: not a space, a joiner, a selector or a filler.
func showsInk(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', // Hangul fillers
		'\u2800', // the empty Braille pattern
		'\u034f', '\u17b4', '\u17b5', '\u180e':
		return false
	}
	return !unicode.IsSpace(r) && !unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Zs)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// visible maps r to what may be shown: a space for line breaks and tabs, -1 for what has to go.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff':
		return -1
	case !utf8.ValidRune(r):
		return utf8.RuneError
	}
	return r
}
