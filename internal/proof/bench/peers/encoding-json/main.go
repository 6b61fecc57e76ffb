// Command encoding-json decodes whole bodies with the standard library.
package main

import (
	"encoding/json"
	"io"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	peer.Main(func(t *peer.Task, body io.Reader) error { return t.Whole(body, json.Unmarshal) })
}
