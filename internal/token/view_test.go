package token

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"tokensync/internal/dev/fields"

	"github.com/google/go-cmp/cmp"
)

// row is a token as lists show it, the way encoding/json writes it, for AppendRow to be compared with.
type row struct {
	Mint                    string             `json:"mint"`
	Name                    *string            `json:"name"`
	Symbol                  *string            `json:"symbol"`
	Decimals                Number             `json:"decimals"`
	Launchpad               LaunchpadID        `json:"launchpad"`
	Status                  Status             `json:"status"`
	Verified                Flag               `json:"is_verified"`
	FreezeAuthorityDisabled Flag               `json:"freeze_authority_disabled"`
	MintAuthorityDisabled   Flag               `json:"mint_authority_disabled"`
	TokenProgram            *string            `json:"token_program"`
	ImageURL                *string            `json:"image_url"`
	Links                   links              `json:"links"`
	Stage                   *Stage             `json:"stage"`
	CurveProgress           Number             `json:"curve_progress"`
	Creator                 *string            `json:"creator"`
	Config                  *string            `json:"config"`
	CurvePool               *string            `json:"curve_pool"`
	GraduatedPool           *string            `json:"graduated_pool"`
	QuoteMint               *string            `json:"quote_mint"`
	QuoteReserve            Number             `json:"quote_reserve"`
	QuoteThreshold          Number             `json:"quote_threshold"`
	Holders                 Number             `json:"holders"`
	TotalSupply             Number             `json:"total_supply"`
	PriceUSD                Number             `json:"price_usd"`
	Price                   Number             `json:"price"`
	PriceSuspect            bool               `json:"price_suspect"`
	MarketCapUSD            Number             `json:"market_cap_usd"`
	PriceChange             map[string]Number  `json:"price_change_pct"`
	TVLUSD                  Number             `json:"tvl_usd"`
	Volume24hUSD            Number             `json:"volume_24h_usd"`
	Fees24hUSD              Number             `json:"fees_24h_usd"`
	VolumeUSD               map[string]Number  `json:"volume_usd"`
	Since                   map[string]*string `json:"since"`
	VolumeEstimated         bool               `json:"volume_estimated"`
	NameCollision           bool               `json:"name_collision"`
	PoolCount               int                `json:"pool_count"`
	CreatedAt               *string            `json:"created_at"`
	CreatedAtEstimated      bool               `json:"created_at_estimated"`
	CompletedAt             *string            `json:"completed_at"`
	GraduatedAt             *string            `json:"graduated_at"`
	LastTradeAt             *string            `json:"last_trade_at"`
	FirstSeenAt             *string            `json:"first_seen_at"`
	UpdatedAt               *string            `json:"updated_at"`
}

type links struct {
	Website  *string `json:"website"`
	Twitter  *string `json:"twitter"`
	Telegram *string `json:"telegram"`
}

// page is a token's own page.
type page struct {
	row
	Description *string    `json:"description"`
	Pools       []poolView `json:"pools"`
}

type poolView struct {
	Address     string   `json:"address"`
	Product     Product  `json:"product"`
	Name        *string  `json:"name"`
	QuoteMint   *string  `json:"quote_mint"`
	QuoteSymbol *string  `json:"quote_symbol"`
	Price       Number   `json:"price"`
	TVLUSD      Number   `json:"tvl_usd"`
	Volume24h   Number   `json:"volume_24h_usd"`
	Fees24hUSD  Number   `json:"fees_24h_usd"`
	FeePct      Number   `json:"fee_pct"`
	APR         Number   `json:"apr"`
	CreatedAt   *string  `json:"created_at"`
	Blacklisted bool     `json:"is_blacklisted"`
	Tags        []string `json:"tags"`
}

func orNil[S ~string](s S) *S {
	if s == "" {
		return nil
	}
	return &s
}

func at(ms int64) *string {
	if ms == 0 {
		return nil
	}
	return orNil(time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z07:00"))
}

func rowOf(t *Token) row {
	r := row{
		Mint: t.Mint, Name: orNil(t.Name), Symbol: orNil(t.Symbol), Decimals: t.Decimals, Launchpad: t.Launchpad, Status: t.Status,
		Verified: t.Verified, FreezeAuthorityDisabled: t.FreezeAuthorityDisabled, MintAuthorityDisabled: t.MintAuthorityDisabled,
		TokenProgram: orNil(map[Flag]string{No: SPLToken, Yes: Token2022}[t.Token2022]),
		ImageURL:     orNil(t.Face.ImageURL), Links: links{orNil(t.Face.Website), orNil(t.Face.Twitter), orNil(t.Face.Telegram)},
		Stage: orNil(t.Curve.Stage), CurveProgress: t.Curve.Progress, Creator: orNil(t.Curve.Creator), Config: orNil(t.Curve.Config),
		CurvePool: orNil(t.CurvePool), GraduatedPool: orNil(t.Curve.GraduatedPool), QuoteMint: orNil(t.QuoteMint),
		QuoteReserve: t.Curve.QuoteReserve, QuoteThreshold: t.Curve.QuoteThreshold, Holders: t.Holders, TotalSupply: t.TotalSupply,
		PriceUSD: t.PriceUSD, Price: t.Price, PriceSuspect: t.PriceSuspect, MarketCapUSD: t.MarketCapUSD, PriceChange: map[string]Number{},
		TVLUSD: t.TVLUSD, Volume24hUSD: t.VolumeUSD[Day], Fees24hUSD: t.Fees24hUSD, VolumeUSD: map[string]Number{}, Since: map[string]*string{},
		VolumeEstimated: t.VolumeEstimated, NameCollision: t.NameCollision, PoolCount: t.PoolCount, CreatedAt: at(t.CreatedAt), CreatedAtEstimated: t.CreatedAt == t.FirstSeenAt,
		CompletedAt: at(t.Curve.CompletedAt), GraduatedAt: at(t.GraduatedAt), LastTradeAt: at(t.LastTradeAt),
		FirstSeenAt: at(t.FirstSeenAt), UpdatedAt: at(t.UpdatedAt),
	}
	for i, name := range ChangeNames {
		r.PriceChange[name] = t.PriceChange[i]
	}
	for i, name := range SpanNames {
		r.Since[name] = at(t.Since[i])
	}
	for i, name := range WindowNames {
		r.VolumeUSD[name] = t.VolumeUSD[i]
	}
	return r
}

func pageOf(t *Token) page {
	p := page{row: rowOf(t), Description: orNil(t.Face.Description), Pools: []poolView{}}
	for i := range t.Pools {
		q := &t.Pools[i]
		p.Pools = append(p.Pools, poolView{
			Address: q.Address, Product: q.Product, Name: orNil(q.Name), QuoteMint: orNil(q.QuoteMint), QuoteSymbol: orNil(q.QuoteSymbol),
			Price: q.Price, TVLUSD: q.TVLUSD, Volume24h: q.VolumeUSD[Day], Fees24hUSD: q.Fees24hUSD, FeePct: q.FeePct, APR: q.APR,
			CreatedAt: at(q.CreatedAt), Blacklisted: q.Blacklisted, Tags: append([]string{}, q.Tags...),
		})
	}
	return p
}

var texts = []string{"", "plain", `quo"te\`, "<b>&", "line\u2028\n", "line\u2028", "\x7f\x01", "bad\xff", "🚀é", "https://x.com/a?b=c&d"}

// scramble sets every field below v at random.
func scramble(v reflect.Value, r *rand.Rand) {
	fields.Visit(v, func(_ string, leaf reflect.Value) {
		switch {
		case leaf.Type() == reflect.TypeFor[Number]():
			leaf.SetString(string(randomNumber(r)))
		case leaf.Kind() == reflect.String:
			leaf.SetString(texts[r.IntN(len(texts))])
		case leaf.Kind() == reflect.Uint8:
			leaf.SetUint(r.Uint64N(256))
		case leaf.Kind() == reflect.Bool:
			leaf.SetBool(r.IntN(2) == 0)
		case leaf.Type() == reflect.TypeFor[Flag]():
			leaf.SetInt(r.Int64N(3))
		default:
			leaf.SetInt(r.Int64N(3) * r.Int64N(2_000_000_000_000))
		}
	})
}

// TestViews compares what is appended with encoding/json, byte by byte.
func TestViews(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 2000 {
		v := Merge(samplePools())
		v.Pools[0].Tags = []string{"a", "<"}
		if i > 0 {
			scramble(reflect.ValueOf(&v).Elem(), r)
		}
		if i == 1 {
			v.Pools = nil
		}
		for name, views := range map[string]struct {
			got  []byte
			want any
		}{"row": {v.AppendRow(nil), rowOf(&v)}, "page": {v.AppendPage(nil), pageOf(&v)}} {
			want, err := json.Marshal(views.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(views.got)); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		}
	}
}

func BenchmarkAppendRow(b *testing.B) {
	t := Merge(samplePools())
	t.FirstSeenAt, t.UpdatedAt, t.Face.ImageURL = 1770317281123, 1770317281000, "https://gateway.irys.xyz/x"
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = t.AppendRow(buffer[:0])
	}
}
