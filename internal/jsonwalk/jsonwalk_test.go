package jsonwalk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func decoder(text string) *jsontext.Decoder {
	return jsontext.NewDecoder(strings.NewReader(text), Lenient...)
}

// walk writes down everything that the walkers find in the value that comes next.
func walk(d *jsontext.Decoder) (found []string, err error) {
	note := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	err = Object(d, func(name string) error {
		switch name {
		case "text":
			s, err := Text(d)
			note("text %q", s)
			return err
		case "integer":
			n, ok, err := Integer(d)
			note("integer %d %v", n, ok)
			return err
		case "flag":
			b, err := Flag(d)
			note("flag %v", b)
			return err
		case "array":
			return Array(d, func(i int) error { note("element %d", i); return d.SkipValue() })
		}
		note("skipped %s", name)
		return d.SkipValue()
	})
	return found, err
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want []string
	}{
		"all":             {`{"text":"a\u0062","integer":-7,"flag":true,"array":[1,{}],"x":[[]]}`, []string{`text "ab"`, "integer -7 true", "flag true", "element 0", "element 1", "skipped x"}},
		"other kinds":     {`{"text":1,"integer":"7","flag":null,"array":{"a":[]}}`, []string{`text ""`, "integer 0 false", "flag false"}},
		"no whole number": {`{"integer":1.5,"integer":18446744073709551615}`, []string{"integer 0 false", "integer 0 false"}},
		"no object":       {`[{"text":"a"}]`, nil},
		"false":           {`{"flag":false}`, []string{"flag false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := walk(decoder(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v, found (-want +got):\n%s", err, diff)
			}
			for n := range len(tt.in) {
				if _, err := walk(decoder(tt.in[:n])); err == nil {
					t.Errorf("no error for %q", tt.in[:n])
				}
			}
		})
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(`{"text":"a","integer":7,"flag":true,"array":[1]}`)
	f.Fuzz(func(t *testing.T, in string) {
		d, whole := decoder(in), decoder(in)
		_, err := walk(d)
		if skipErr := whole.SkipValue(); (err == nil) != (skipErr == nil) || err == nil && d.InputOffset() != whole.InputOffset() {
			t.Errorf("walked to %d (%v), the value ends at %d (%v)", d.InputOffset(), err, whole.InputOffset(), skipErr)
		}
	})
}
