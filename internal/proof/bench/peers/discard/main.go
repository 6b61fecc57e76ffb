// Command discard reads the bytes and throws them away: the limit for a plain body.
package main

import (
	"io"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	buffer := make([]byte, 64<<10)
	peer.Main(func(_ *peer.Task, body io.Reader) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, buffer)
		return err
	})
}
