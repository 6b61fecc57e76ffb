package dynamo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"

	"tokensync/internal/token"
)

// Attributes of a token's item. The keys of the table and of its index are fixed by the template.
const (
	attrMint        = "mint"
	attrListing     = "listing"       // the launchpad, only while the token is in the lists
	attrFirstSeenAt = "first_seen_at" // Unix milliseconds
	attrStatus      = "status"        // for people
	attrUpdatedAt   = "updated_at"    // Unix milliseconds, for people
	attrToken       = "token"         // all of it
)

// maxTokenBytes bounds the attribute token, so that an item stays below DynamoDB's 400 KB whatever strangers have written.
const maxTokenBytes = 350 << 10

// maxUnpacked bounds what a packed attribute may unfold to.
const maxUnpacked = 16 << 20

// formatJSON is the first byte of a packed attribute: JSON, deflated with dictionary. Unknown members are skipped and
// missing ones unknown, so that fields come and go without a new format.
const formatJSON = 1

// dictionary is what tokens have in common. Another one is another format.
const dictionary = `"total_supply":,"volume_24h_usd":null,"URI":"https://","uri":"https://ipfs.io/ipfs/"` +
	`"earnings":{"fees_base":,"fees_quote":,"volume_quote":,"volume_estimated":true,"partner":{"unclaimed_base":,"unclaimed_quote":,` +
	`"claimed_base":,"claimed_quote":,"surplus":,"migration_fee":,"surplus_taken":true,"migration_taken":true},"creator":{` +
	`"creation_fee":,"creation_fee_taken":true,"leftover":}}` + token.USDT + token.USDC +
	`"tags":["],"face":{"image_url":"https://","description":"","website":"https://","twitter":"https://x.com/","telegram":"https://t.me/"}` +
	`"status":"blacklisted","status":"delisted","product":"damm-v1","product":"dbc-list","stage":"migrating","stage":"graduated",` +
	`"price_suspect":true,"volume_estimated":true,"graduated_at":,"is_blacklisted":true` +
	`{"mint":"","name":"","symbol":"","decimals":6,"launchpad":"","status":"listed","is_verified":false,` +
	`"freeze_authority_disabled":true,"mint_authority_disabled":true,"curve":{"stage":"bonding","progress":0.,"creator":"","config":"",` +
	`"graduated_pool":"","quote_reserve":,"quote_threshold":85,"completed_at":},"curve_pool":"","holders":,"total_supply":1000000000,` +
	`"price_usd":0.000,"price":0.000000,"quote_mint":"` + token.SOL + `","market_cap_usd":,"tvl_usd":,` +
	`"volume_usd":[null,null,null,null,null,"],"fees_24h_usd":,"pool_count":1,"created_at":17,"first_seen_at":17,"updated_at":17,` +
	`"pools":[{"address":"","product":"damm-v2","product":"dbc","product":"dlmm","launchpad":"","name":"-SOL","base":{"mint":"","name":"",` +
	`"symbol":"","decimals":6,"is_verified":false,"freeze_authority_disabled":true,"mint_authority_disabled":true,"holders":,` +
	`"total_supply":,"price_usd":0.000,"market_cap_usd":},"quote_mint":"` + token.SOL + `","quote_symbol":"SOL","quote_usd":,` +
	`"price":0.000000,"tvl_usd":,"volume_usd":[0,0,0,0,0,0],"fees_24h_usd":,"fee_pct":2,"apr":,"created_at":17}]}`

// An encoder writes items. It is for one goroutine.
type encoder struct {
	text   bytes.Buffer
	packed bytes.Buffer
}

// encode returns t's item. Of a token whose pools do not fit, the shallowest are left out.
func (e *encoder) encode(t *token.Token) (item, error) {
	it := item{}
	it.text(attrMint, t.Mint)
	it.text(attrStatus, string(t.Status))
	if t.Status == token.Listed {
		it.text(attrListing, string(t.Launchpad))
	}
	it.integer(attrFirstSeenAt, t.FirstSeenAt)
	it.integer(attrUpdatedAt, t.UpdatedAt)
	for fitting := *t; ; fitting.Pools = fitting.Pools[:len(fitting.Pools)/2] {
		b, err := e.pack(&fitting)
		switch {
		case err != nil:
			return nil, fmt.Errorf("encoding token %s: %w", t.Mint, err)
		case len(b) <= maxTokenBytes:
			it.bytes(attrToken, bytes.Clone(b))
			return it, nil
		case len(fitting.Pools) == 0:
			return nil, fmt.Errorf("encoding token %s: it takes %d bytes without its pools, more than %d", t.Mint, len(b), maxTokenBytes)
		}
	}
}

// pack returns v as an attribute holds it, valid until the next call.
func (e *encoder) pack(v any) ([]byte, error) {
	e.text.Reset()
	plain := json.NewEncoder(&e.text)
	plain.SetEscapeHTML(false)
	if err := plain.Encode(v); err != nil {
		return nil, err
	}
	e.packed.Reset()
	e.packed.WriteByte(formatJSON)
	err := flate.StatelessDeflate(&e.packed, e.text.Bytes(), true, []byte(dictionary))
	return e.packed.Bytes(), err
}

// errItem means that an item cannot be read. A token's is written anew once the token is seen again.
var errItem = errors.New("not an item of this version")

// decode reads an item, of an older version too.
func decode(it item) (token.Token, error) {
	packed := it.getBytes(attrToken)
	if packed == nil {
		return decodeOld(it)
	}
	var t token.Token
	if err := unpack(packed, &t); err != nil {
		return token.Token{}, fmt.Errorf("token %s: %w", it.getText(attrMint), err)
	}
	if t.Mint != it.getText(attrMint) {
		return token.Token{}, fmt.Errorf("token %s: %w: it holds %q", it.getText(attrMint), errItem, t.Mint)
	}
	t.Written = t.WriteMark()
	return t, nil
}

// unpack reverses pack, into v.
func unpack(b []byte, v any) error {
	if len(b) == 0 || b[0] != formatJSON {
		return fmt.Errorf("%w: unknown format", errItem)
	}
	inflate := flate.NewReaderDict(bytes.NewReader(b[1:]), []byte(dictionary))
	text, err := io.ReadAll(io.LimitReader(inflate, maxUnpacked))
	if err != nil {
		return fmt.Errorf("%w: %w", errItem, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", errItem, err)
	}
	return nil
}
