package solana

import (
	"context"
	"slices"

	"tokensync/internal/jsonwalk"
)

// maxAssets is how many mints a request of getAssetBatch may name.
const maxAssets = 1000

// Assets asks for what the node's index of digital assets has of mints, a thousand a request, and calls visit with the JSON
// object that it calls content, of each mint that it knows: minutes after the mint is born. content is valid until the next.
// When an answer breaks off, visit is called for the same mints again. Nodes without such an index refuse: see IsRefused.
func (s *Session) Assets(ctx context.Context, mints []Key, visit func(mint Key, content []byte)) error {
	for chunk := range slices.Chunk(mints, maxAssets) {
		ids := make([]string, len(chunk))
		for i, k := range chunk {
			ids[i] = k.String()
		}
		if err := s.call(ctx, methodAssets, map[string]any{"ids": ids}, maxPageBody, func(a *answer) error {
			return a.assets(func(mint Key, content []byte) {
				if slices.Contains(chunk, mint) {
					visit(mint, content)
				}
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

// assets reads an array of assets, of which unknown ones are null.
func (a *answer) assets(visit func(mint Key, content []byte)) error {
	if a.dec.PeekKind() != '[' {
		return malformed("a result that is not an array")
	}
	return jsonwalk.Array(a.dec, func(int) error {
		if a.dec.PeekKind() != '{' {
			return a.dec.SkipValue()
		}
		var mint Key
		a.data = a.data[:0]
		err := jsonwalk.Object(a.dec, func(name string) (err error) {
			switch name {
			case "id":
				mint, err = a.key()
				return err
			case "content":
				raw, err := a.dec.ReadValue()
				a.data = append(a.data[:0], raw...)
				return err
			}
			return a.dec.SkipValue()
		})
		if err == nil && len(a.data) > 0 {
			visit(mint, a.data)
		}
		return err
	})
}
