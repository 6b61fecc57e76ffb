package meteora

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// rowBoundary stands between two rows. A row that is not JSON may lack a quote, and its end be another row's.
var rowBoundary = regexp.MustCompile(`\}\s*,\s*\{\s*"(\w+)"\s*:`)

// holdsAnother reports whether a damaged row may hold more than itself: then nobody knows where it ends.
func (d *Decoder) holdsAnother(raw []byte) bool {
	for _, m := range rowBoundary.FindAllSubmatch(raw, -1) {
		if string(m[1]) == d.format.address || bytes.HasPrefix(bytes.TrimLeft(raw, "{ \t\r\n"), append([]byte{'"'}, m[1]...)) {
			return true
		}
	}
	return false
}

// withoutUnread returns a row without the fields that are not JSON and that nobody reads.
func (f *rowFormat) withoutUnread(raw []byte) []byte {
	kept := []byte{'{'}
	rest := raw[1:]
	for {
		name, value, more, ok := cutMember(rest)
		if !ok {
			return raw
		}
		if text, err := jsontext.AppendUnquote(nil, name); err == nil && (f.reads(string(text)) || jsontext.Value(value).IsValid(lenient...)) {
			if len(kept) > 1 {
				kept = append(kept, ',')
			}
			kept = append(append(append(kept, name...), ':'), value...)
		}
		if len(more) == 0 || more[0] == '}' {
			return append(kept, '}')
		}
		rest = more[1:]
	}
}

// reads reports whether a row's field is read.
func (f *rowFormat) reads(name string) bool {
	return name == f.address || slices.Contains(f.fields, name) ||
		slices.ContainsFunc(f.labels, func(l label) bool { return l.field == name })
}

// cutMember splits what begins with a member of an object after the member's value, whatever that is made of: at the
// comma or brace outside of its strings and brackets.
func cutMember(b []byte) (name, value, rest []byte, ok bool) {
	b = bytes.TrimLeft(b, " \t\r\n")
	end := endOfString(b)
	if end < 0 {
		return nil, nil, nil, false
	}
	name, b = b[:end], bytes.TrimLeft(b[end:], " \t\r\n")
	if len(b) == 0 || b[0] != ':' {
		return nil, nil, nil, false
	}
	b = b[1:]
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			n := endOfString(b[i:])
			if n < 0 {
				return nil, nil, nil, false
			}
			i += n - 1
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}'):
			return name, bytes.TrimSpace(b[:i]), b[i:], true
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil, nil, nil, false
}

// endOfString returns how long the string is that b begins with; -1 when it begins with none.
func endOfString(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
