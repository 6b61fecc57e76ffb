// Command simdjson parses whole bodies with minio/simdjson-go and decodes what may be ours.
package main

import (
	"errors"
	"io"

	"github.com/minio/simdjson-go"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	var parsed *simdjson.ParsedJson
	peer.Main(func(t *peer.Task, body io.Reader) error {
		if !simdjson.SupportedCPU() {
			return errors.New("simdjson-go does not support this CPU")
		}
		r, err := t.Gunzipped(body)
		if err != nil {
			return err
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if parsed, err = simdjson.Parse(b, parsed, simdjson.WithCopyStrings(false)); err != nil {
			return err
		}
		pools, err := elements(parsed, t.Pages > 0)
		if err != nil {
			return err
		}
		return filter(t, pools)
	})
}

func elements(p *simdjson.ParsedJson, page bool) (*simdjson.Array, error) {
	top := p.Iter()
	top.Advance()
	_, root, err := top.Root(nil)
	if err != nil || !page {
		if err != nil {
			return nil, err
		}
		return root.Array(nil)
	}
	data, err := root.FindElement(nil, "data")
	if err != nil {
		return nil, err
	}
	return data.Iter.Array(nil)
}

func filter(t *peer.Task, pools *simdjson.Array) error {
	var object simdjson.Object
	var field simdjson.Element
	var failed error
	pools.ForEach(func(i simdjson.Iter) {
		t.Saw(1)
		o, err := i.Object(&object)
		if err != nil {
			failed = err
			return
		}
		launchpad := o.FindKey("launchpad", &field)
		if launchpad == nil {
			return
		}
		if name, err := launchpad.Iter.String(); err != nil || name != t.ID {
			return // null, or another's
		}
		if address := o.FindKey("address", &field); address != nil {
			text, _ := address.Iter.String()
			t.Found(text)
		}
	})
	return failed
}
