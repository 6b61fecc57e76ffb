package token

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// A viewField is one member of a token or a pool as the API shows it. append writes its value.
type viewField[T any] struct {
	name   string
	append func(b []byte, of *T) []byte
}

// rowFields are what lists show of a token, in their order. Unknown is null.
var rowFields = []viewField[Token]{
	{"mint", plain(func(t *Token) string { return t.Mint })},
	{"name", known(func(t *Token) string { return t.Name })},
	{"symbol", known(func(t *Token) string { return t.Symbol })},
	{"decimals", amount(func(t *Token) Number { return t.Decimals })},
	{"launchpad", plain(func(t *Token) LaunchpadID { return t.Launchpad })},
	{"status", plain(func(t *Token) Status { return t.Status })},
	{"is_verified", flag(func(t *Token) Flag { return t.Verified })},
	{"freeze_authority_disabled", flag(func(t *Token) Flag { return t.FreezeAuthorityDisabled })},
	{"mint_authority_disabled", flag(func(t *Token) Flag { return t.MintAuthorityDisabled })},
	{"token_program", known((*Token).Program)},
	{"image_url", known(func(t *Token) string { return t.Face.ImageURL })},
	{"links", object([]viewField[Token]{
		{"website", known(func(t *Token) string { return t.Face.Website })},
		{"twitter", known(func(t *Token) string { return t.Face.Twitter })},
		{"telegram", known(func(t *Token) string { return t.Face.Telegram })},
	})},
	{"stage", known(func(t *Token) Stage { return t.Curve.Stage })},
	{"curve_progress", amount(func(t *Token) Number { return t.Curve.Progress })}, // 0 to 1
	{"creator", known(func(t *Token) string { return t.Curve.Creator })},
	{"config", known(func(t *Token) string { return t.Curve.Config })},
	{"curve_pool", known(func(t *Token) string { return t.CurvePool })},
	{"graduated_pool", known(func(t *Token) string { return t.Curve.GraduatedPool })},
	{"quote_mint", known(func(t *Token) string { return t.QuoteMint })},
	{"quote_reserve", amount(func(t *Token) Number { return t.Curve.QuoteReserve })},
	{"quote_threshold", amount(func(t *Token) Number { return t.Curve.QuoteThreshold })},
	{"holders", amount(func(t *Token) Number { return t.Holders })},
	{"total_supply", amount(func(t *Token) Number { return t.TotalSupply })},
	{"price_usd", amount(func(t *Token) Number { return t.PriceUSD })},
	{"price", amount(func(t *Token) Number { return t.Price })}, // in quote_mint
	{"price_suspect", truth(func(t *Token) bool { return t.PriceSuspect })},
	{"market_cap_usd", amount(func(t *Token) Number { return t.MarketCapUSD })},
	{"price_change_pct", object(byName(ChangeNames[:], amount, func(t *Token) []Number { return t.PriceChange[:] }))},
	{"tvl_usd", amount(func(t *Token) Number { return t.TVLUSD })},
	{"volume_24h_usd", amount(func(t *Token) Number { return t.VolumeUSD[Day] })},
	{"fees_24h_usd", amount(func(t *Token) Number { return t.Fees24hUSD })},
	{"volume_usd", object(byName(WindowNames[:], amount, func(t *Token) []Number { return t.VolumeUSD[:] }))},
	{"since", object(byName(SpanNames[:], moment, func(t *Token) []int64 { return t.Since[:] }))},
	{"volume_estimated", truth(func(t *Token) bool { return t.VolumeEstimated })},
	{"name_collision", truth(func(t *Token) bool { return t.NameCollision })},
	{"pool_count", func(b []byte, t *Token) []byte { return strconv.AppendInt(b, int64(t.PoolCount), 10) }},
	{"created_at", moment(func(t *Token) int64 { return t.CreatedAt })}, // RFC 3339, UTC
	{"created_at_estimated", truth((*Token).CreatedAtEstimated)},
	{"completed_at", moment(func(t *Token) int64 { return t.Curve.CompletedAt })},
	{"graduated_at", moment(func(t *Token) int64 { return t.GraduatedAt })},
	{"last_trade_at", moment(func(t *Token) int64 { return t.LastTradeAt })},
	{"first_seen_at", moment(func(t *Token) int64 { return t.FirstSeenAt })},
	{"updated_at", moment(func(t *Token) int64 { return t.UpdatedAt })},
}

// pageFields are what a token's own page shows beside its row.
var pageFields = []viewField[Token]{
	{"description", known(func(t *Token) string { return t.Face.Description })},
	{"pools", array(func(t *Token) []Pool { return t.Pools }, func(b []byte, p *Pool) []byte { return object(poolFields)(b, p) })},
}

// poolFields are what a token's page shows of each pool.
var poolFields = []viewField[Pool]{
	{"address", plain(func(p *Pool) string { return p.Address })},
	{"product", plain(func(p *Pool) Product { return p.Product })},
	{"name", known(func(p *Pool) string { return p.Name })},
	{"quote_mint", known(func(p *Pool) string { return p.QuoteMint })},
	{"quote_symbol", known(func(p *Pool) string { return p.QuoteSymbol })},
	{"price", amount(func(p *Pool) Number { return p.Price })},
	{"tvl_usd", amount(func(p *Pool) Number { return p.TVLUSD })},
	{"volume_24h_usd", amount(func(p *Pool) Number { return p.VolumeUSD[Day] })},
	{"fees_24h_usd", amount(func(p *Pool) Number { return p.Fees24hUSD })},
	{"fee_pct", amount(func(p *Pool) Number { return p.FeePct })},
	{"apr", amount(func(p *Pool) Number { return p.APR })},
	{"created_at", moment(func(p *Pool) int64 { return p.CreatedAt })},
	{"is_blacklisted", truth(func(p *Pool) bool { return p.Blacklisted })},
	{"tags", array(func(p *Pool) []string { return p.Tags }, func(b []byte, tag *string) []byte { return appendText(b, *tag) })},
}

// AppendRow appends t as lists show it: a JSON object without its pools.
func (t *Token) AppendRow(b []byte) []byte {
	return append(appendMembers(append(b, '{'), rowFields, t), '}')
}

// AppendPage appends t as its own page shows it: the row's object with its description and its pools.
func (t *Token) AppendPage(b []byte) []byte {
	b = append(appendMembers(append(b, '{'), rowFields, t), ',')
	return append(appendMembers(b, pageFields, t), '}')
}

func appendMembers[T any](b []byte, fields []viewField[T], of *T) []byte {
	for i := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, fields[i].name...)
		b = append(b, '"', ':')
		b = fields[i].append(b, of)
	}
	return b
}

// object writes its fields.
func object[T any](fields []viewField[T]) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte {
		return append(appendMembers(append(b, '{'), fields, of), '}')
	}
}

// array writes each element with one.
func array[T, E any](get func(*T) []E, one func([]byte, *E) []byte) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte {
		b = append(b, '[')
		list := get(of)
		for i := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = one(b, &list[i])
		}
		return append(b, ']')
	}
}

// byName returns the values that get lists, each under its name and written by as, in the order of names.
func byName[V any](names []string, as func(func(*Token) V) func([]byte, *Token) []byte, get func(*Token) []V) []viewField[Token] {
	fields := make([]viewField[Token], len(names))
	for i, name := range names {
		fields[i] = viewField[Token]{name, as(func(t *Token) V { return get(t)[i] })}
	}
	slices.SortFunc(fields, func(x, y viewField[Token]) int { return cmp.Compare(x.name, y.name) })
	return fields
}

// plain writes text that there always is.
func plain[T any, S ~string](get func(*T) S) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte { return appendText(b, string(get(of))) }
}

// known writes text, and null for none.
func known[T any, S ~string](get func(*T) S) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte {
		s := get(of)
		if s == "" {
			return append(b, "null"...)
		}
		return appendText(b, string(s))
	}
}

// amount writes the digits as they are, and null for unknown.
func amount[T any](get func(*T) Number) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte {
		n := get(of)
		if n == "" {
			return append(b, "null"...)
		}
		return append(b, n...)
	}
}

func flag[T any](get func(*T) Flag) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte { return append(b, get(of).json()...) }
}

func truth[T any](get func(*T) bool) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte { return strconv.AppendBool(b, get(of)) }
}

// moment writes Unix milliseconds as RFC 3339, and null for 0.
func moment[T any](get func(*T) int64) func([]byte, *T) []byte {
	return func(b []byte, of *T) []byte {
		ms := get(of)
		if ms == 0 {
			return append(b, "null"...)
		}
		b = time.UnixMilli(ms).UTC().AppendFormat(append(b, '"'), timeFormat)
		return append(b, '"')
	}
}

// timeFormat is RFC 3339 in UTC, to whatever digit there is.
const timeFormat = time.RFC3339Nano

// FormatTime returns t as the API shows times: RFC 3339 in UTC, to the millisecond, and "" for the zero time.
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Millisecond).Format(timeFormat)
}

// appendText writes s as encoding/json does.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			quoted, _ := json.Marshal(s) // never fails
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
