// Command ours reads pools with the sync's own decoder, filter and gzip reader.
package main

import (
	"io"
	"runtime/debug"

	"tokensync/internal/meteora"
	"tokensync/internal/proof/bench/peer"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

func main() {
	debug.SetGCPercent(25) // as the sync does
	var decoder *meteora.Decoder
	unzip := new(upstream.GzipReader)
	peer.Main(func(t *peer.Task, body io.Reader) error {
		if decoder == nil {
			decoder = meteora.NewDecoder(token.DLMM, meteora.NewFilter([]token.LaunchpadID{token.LaunchpadID(t.ID)}), token.NewQuoteMints())
		}
		if t.Gzip {
			unzip.Reset(body)
			body = unzip
		}
		err := decoder.Decode(body, func(p token.Pool) bool { t.Found(p.Address); return true })
		t.Saw(int(decoder.Scanned))
		return err
	})
}
