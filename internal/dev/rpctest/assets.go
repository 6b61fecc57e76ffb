package rpctest

import (
	"bufio"
	"encoding/json"
)

// Bounds of getAssetBatch, and how many slots after a mint's birth it is in the index: five minutes.
const (
	maxAssets  = 1000
	indexAfter = 750
)

// assets answers getAssetBatch with what an index makes of metadata that it fetched when the mint was young.
func (q *question) assets(params []json.RawMessage) (results, *failure) {
	var asked struct {
		IDs []string `json:"ids"`
	}
	if len(params) != 1 || json.Unmarshal(params[0], &asked) != nil || len(asked.IDs) == 0 || len(asked.IDs) > maxAssets {
		return nil, failed(badParams, "Batch size of %d exceeds the limit of %d", len(asked.IDs), maxAssets)
	}
	tokens := map[string]Token{}
	for i := range q.Tokens() {
		if t := q.Token(i); t.URI != "" && t.CreatedSlot+indexAfter <= q.now {
			tokens[t.Mint] = t
		}
	}
	list := make([]any, len(asked.IDs))
	for i, mint := range asked.IDs {
		if t, ok := tokens[mint]; ok {
			list[i] = asset(&t)
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return func(out *bufio.Writer) { _, _ = out.Write(b) }, nil
}

func asset(t *Token) any {
	type object = map[string]any
	picture := "https://cdn.example.com/" + t.Mint + ".png"
	return object{
		"interface": "FungibleToken", "id": t.Mint, "mutable": false, "burnt": false,
		"content": object{
			"$schema": "https://schema.metaplex.com/nft1.0.json", "json_uri": t.URI,
			"files":    []object{{"uri": picture, "cdn_uri": picture, "mime": "image/png"}},
			"metadata": object{"name": t.Name, "symbol": t.Symbol, "description": "Indexed as " + t.Mint, "token_standard": "Fungible"},
			"links":    object{"image": picture, "external_url": "https://" + t.Mint[:8] + ".example"},
		},
		"token_info": object{"decimals": 6, "supply": t.Supply},
	}
}
