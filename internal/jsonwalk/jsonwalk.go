// Package jsonwalk reads JSON whose shape is only partly known, value by value and without a tree: what a reader does not
// ask for is skipped.
package jsonwalk

import "github.com/go-json-experiment/json/jsontext"

// Lenient are the options of a decoder that accepts what encoding/json accepts too: a repeated name, invalid UTF-8.
var Lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Object calls visit for each name of the object that comes next, positioned at its value, which visit must read. Any
// other value is skipped.
func Object(d *jsontext.Decoder, visit func(name string) error) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := visit(name.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// Array calls visit for each element of the array that comes next; visit must read it. Any other value is skipped.
func Array(d *jsontext.Decoder, visit func(i int) error) error {
	if d.PeekKind() != '[' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for i := 0; d.PeekKind() != ']'; i++ {
		if err := visit(i); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// Text reads a string; any other value is skipped and "".
func Text(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() != '"' {
		return "", d.SkipValue()
	}
	t, err := d.ReadToken()
	return t.String(), err
}

// Integer reads a whole number; any other value is skipped and not ok.
func Integer(d *jsontext.Decoder) (n int64, ok bool, err error) {
	if d.PeekKind() != '0' {
		return 0, false, d.SkipValue()
	}
	t, err := d.ReadToken()
	if err != nil {
		return 0, false, err
	}
	if n, err = t.Int(); err != nil {
		return 0, false, nil //nolint:nilerr // a fraction, or beyond 64 bits
	}
	return n, true, nil
}

// Flag reads true or false; any other value is skipped and false.
func Flag(d *jsontext.Decoder) (bool, error) {
	if k := d.PeekKind(); k != 't' && k != 'f' {
		return false, d.SkipValue()
	}
	t, err := d.ReadToken()
	return err == nil && t.Kind() == 't', err
}
