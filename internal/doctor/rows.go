package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tokensync/internal/token"
)

// fields are those of a product's rows: what no token can do without, what the sync shows, and what else was seen before.
type fields struct{ must, read, other []string }

var (
	dataFields = fields{
		must: []string{"address", "token_x", "token_y"},
		read: words("created_at current_price fees is_blacklisted launchpad name pool_config tags tvl volume"),
		other: words("alpha_vault apr apy cumulative_metrics dynamic_fee_pct farm_apr farm_apy fee_tvl_ratio has_farm permanent_lock_liquidity" +
			" protocol_fees reserve_x reserve_y reward_mint_x reward_mint_y token_x_amount token_y_amount vault_x vault_y vested_liquidity"),
	}
	fieldsOf = map[token.Product]fields{
		token.DLMM: dataFields, token.DAMMv2: dataFields,
		token.DBCList: {
			must: []string{"address", "token_x", "token_y", "pool_config_address", "creator"}, read: words("created_at"),
			other: words("base_vault quote_vault name vault_x vault_y"),
		},
		token.DAMMv1: {
			must: []string{"pool_address", "pool_token_mints"},
			read: words("created_at fee_volume launchpad pool_name pool_token_amounts pool_token_usd_amounts pool_tvl total_fee_pct trading_volume"),
			other: words("accumulated_fee_volume accumulated_trading_volume accumulated_yield_volume daily_base_apy farm_expire farm_new farm_order" +
				" farm_reward_duration_end farm_tvl farming_apy farming_pool is_forex is_lst is_monitoring lp_decimal lp_mint permissioned" +
				" pool_lp_price_in_usd pool_order pool_version trade_apy unknown weekly_base_apy weekly_trade_apy yield_volume"),
		},
	}
)

func words(text string) []string { return strings.Fields(text) }

// rows books fields that are gone, and those that were never seen before.
func (p *product) rows(l *list, known fields) {
	if len(l.rows) == 0 {
		p.unasked("fields")
		return
	}
	have := l.fields()
	lost := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return have[n] })
	}
	must, read := lost(known.must), lost(known.read)
	c := Check{What: "fields", Expected: fmt.Sprintf("all %d that the sync reads", len(known.must)+len(known.read)), Seen: "all there", Verdict: Works, Needed: true}
	switch {
	case len(must) > 0:
		c.Seen, c.Verdict, c.Follows = "gone: "+shown(must), Fails, "no pool can be told"
	case len(read) > 0:
		c.Seen, c.Verdict, c.Follows = "gone: "+shown(read), Costs, "these are unknown in all tokens"
	}
	var news []string
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !slices.Contains(slices.Concat(known.must, known.read, known.other), name) {
			news = append(news, name)
		}
	}
	if len(news) > 0 {
		c.Seen += "; never seen before: " + shown(news)
	}
	p.add(c)
}

// labels books what the newest pools say of their launchpads, and whether ours are among it.
func (p *product) labels(l *list) {
	if slices.Contains(fieldsOf[p.api.Product].must, "pool_config_address") {
		p.add(Check{What: "configs", Expected: "keys of configs", Seen: count(len(l.texts("pool_config_address")), "config") + " among the newest pools", Verdict: Works})
		return
	}
	counts := map[string]int{}
	for _, r := range l.rows {
		counts[token.CleanSymbol(r.text("launchpad"))]++
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] })
	var seen []string
	for _, name := range names {
		seen = append(seen, fmt.Sprintf("%s %d", is(name == "", "none", name), counts[name]))
	}
	p.add(Check{What: "launchpad", Expected: "names, never keys", Seen: shown(seen) + p.ours(counts), Verdict: Works})
}

// ours tells which of the launchpads that are names were met.
func (p *product) ours(counts map[string]int) string {
	var text strings.Builder
	for _, id := range p.pads {
		if by, name := id.Claim(); by == token.ByName {
			fmt.Fprintf(&text, "; of %s: %d", name, counts[token.CleanSymbol(name)])
		}
	}
	return text.String()
}
