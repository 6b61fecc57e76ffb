// Command gunzip inflates the bytes and throws them away: the limit for a gzipped body and the standard library's reader.
package main

import (
	"io"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	buffer := make([]byte, 64<<10)
	peer.Main(func(t *peer.Task, body io.Reader) error {
		r, err := t.Gunzipped(body)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, buffer)
		return err
	})
}
