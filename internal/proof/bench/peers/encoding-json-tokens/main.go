// Command encoding-json-tokens reads element by element with the standard library's Decoder.
package main

import (
	"encoding/json"
	"fmt"
	"io"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	peer.Main(func(t *peer.Task, body io.Reader) error {
		r, err := t.Gunzipped(body)
		if err != nil {
			return err
		}
		d := json.NewDecoder(r)
		if err := enter(d, t.Pages > 0); err != nil {
			return err
		}
		var raw json.RawMessage
		for d.More() {
			raw = raw[:0]
			if err := d.Decode(&raw); err != nil {
				return err
			}
			if err := t.Consider(raw); err != nil {
				return err
			}
		}
		return drain(d)
	})
}

// enter goes to the first element.
func enter(d *json.Decoder, page bool) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		if token == json.Delim('[') {
			return nil
		}
		if !page {
			return fmt.Errorf("%v where an array begins", token)
		}
	}
}

// drain wants the rest of the document, to its end.
func drain(d *json.Decoder) error {
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
