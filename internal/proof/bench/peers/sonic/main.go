// Command sonic decodes whole bodies with bytedance/sonic.
package main

import (
	"io"

	"github.com/bytedance/sonic"

	"tokensync/internal/proof/bench/peer"
)

func main() {
	peer.Main(func(t *peer.Task, body io.Reader) error { return t.Whole(body, sonic.Unmarshal) })
}
