// Command jsontext is the base of all ratios: go-json-experiment's ReadValue, and a byte search before decoding.
package main

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	peer.Main(func(t *peer.Task, body io.Reader) error {
		r, err := t.Gunzipped(body)
		if err != nil {
			return err
		}
		d := jsontext.NewDecoder(r)
		for d.PeekKind() != '[' {
			if _, err := d.ReadToken(); err != nil {
				return err
			}
		}
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		for d.PeekKind() != ']' {
			raw, err := d.ReadValue()
			if err != nil {
				return err
			}
			if err := t.Consider(raw); err != nil {
				return err
			}
		}
		return drain(d)
	})
}

// drain wants the rest of the document, to its end.
func drain(d *jsontext.Decoder) error {
	for {
		if _, err := d.ReadToken(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
