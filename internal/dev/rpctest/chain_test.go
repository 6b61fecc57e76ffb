package rpctest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tokensync/internal/solana"

	"github.com/google/go-cmp/cmp"
)

// every returns a chain with all sorts of configs that has moved for a while.
func every(t *testing.T) *Server {
	t.Helper()
	s := start(t, Config{Launches: EveryLaunch()})
	for range 20 {
		s.Tick()
	}
	return s
}

// accounts looks keys up over HTTP; a missing one is nil.
func (s *Server) accounts(t *testing.T, keys ...string) (found []reader) {
	t.Helper()
	for chunk := range slices.Chunk(keys, maxMultiple) {
		var r struct {
			Value []*struct {
				Data  []string
				Owner string
			}
		}
		s.call(t, "getMultipleAccounts", chunk, opts{"encoding": "base64"}).into(t, &r)
		for _, a := range r.Value {
			if a == nil {
				found = append(found, reader{})
				continue
			}
			b, err := base64.StdEncoding.DecodeString(a.Data[0])
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, reader{b, a.Owner})
		}
	}
	return found
}

// reader reads an account at the offsets of Meteora's facts.
type reader struct {
	data  []byte
	owner string
}

func (r reader) u64(at int) uint64 { return binary.LittleEndian.Uint64(r.data[at:]) }
func (r reader) key(at int) string { return spell(key(r.data[at:])) }
func (r reader) u128(at int) *big.Int {
	v := new(big.Int).SetUint64(r.u64(at + 8))
	return v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(r.u64(at)))
}

// side holds what the fees of one token say.
type side struct{ Protocol, Partner, Creator, Lifetime uint64 }

func (r reader) side(n int) side {
	return side{r.u64(248 + 8*n), r.u64(264 + 8*n), r.u64(352 + 8*n), r.u64(328 + 8*n)}
}

// TestAccountsSayTheTruth reads every pool with its config, mint and vaults by the facts' offsets and rules, and holds
// them to what the chain says of itself.
func TestAccountsSayTheTruth(t *testing.T) {
	t.Parallel()
	s := every(t)
	stages := map[Stage]int{}
	for i := range s.Tokens() {
		tok := s.Token(i)
		got := s.accounts(t, tok.Pool, tok.Config, tok.Mint, tok.BaseVault, tok.QuoteVault)
		stages[tok.Stage]++
		checkToken(t, s, i, &tok, got)
		checkBooks(t, i, s.Books(i), &tok, got)
	}
	for stage, least := range map[Stage]int{Bonding: 100, Vesting: 1, Ready: 5, Graduated: 100} {
		if stages[stage] < least {
			t.Errorf("%d tokens at stage %d", stages[stage], stage)
		}
	}
}

func checkToken(t *testing.T, s *Server, i int, tok *Token, got []reader) {
	t.Helper()
	pool, config, mint := got[0], got[1], got[2]
	activation := uint64(s.TimeOf(tok.CreatedSlot).Unix())
	if config.data[234] == 0 {
		activation = tok.CreatedSlot
	}
	completed := uint64(0)
	if !tok.CompletedAt.IsZero() {
		completed = uint64(tok.CompletedAt.Unix())
	}
	type facts struct {
		Owner, Config, Creator, Mint, BaseVault, QuoteVault, Quote, Claimer string
		Base, QuoteReserve, Threshold, Activation, Completed, Supply        uint64
		Migrated                                                            bool
		Progress                                                            byte
	}
	want := facts{
		spell(dbcProgram), tok.Config, tok.Creator, tok.Mint, tok.BaseVault, tok.QuoteVault, tok.QuoteMint, tok.Claimer,
		tok.BaseReserve, tok.QuoteReserve, tok.Threshold, activation, completed, tok.Supply,
		tok.Stage == Graduated, byte(tok.Stage),
	}
	said := facts{
		pool.owner, pool.key(72), pool.key(104), pool.key(136), pool.key(168), pool.key(200), config.key(8), config.key(40),
		pool.u64(232), pool.u64(240), config.u64(264), pool.u64(296), pool.u64(344), mint.u64(36),
		pool.data[305] == 1, pool.data[308],
	}
	if diff := cmp.Diff(want, said); diff != "" || pool.u128(280).Cmp(tok.SqrtPrice) != 0 {
		t.Errorf("token %d (-truth +account):\n%s", i, diff)
	}
	if quote := integrate(config, pool.u128(280)); absent(quote, min(tok.QuoteReserve, tok.Threshold)) > 300 {
		t.Errorf("token %d: its curve gives %d up to its price, its reserve is %d", i, quote, tok.QuoteReserve)
	}
	if mint.data[0] == 1 == tok.MintAuthorityDisabled || mint.data[46] != 0 || mint.data[44] != config.data[235] {
		t.Errorf("token %d: authorities or decimals of its mint", i)
	}
	if isLate := tok.CreatedAt.After(s.TimeOf(s.Slot())) || !tok.CompletedAt.IsZero() && tok.CompletedAt.Before(tok.CreatedAt) ||
		!tok.GraduatedAt.IsZero() && tok.GraduatedAt.Before(tok.CompletedAt); isLate || IsSkipped(tok.CreatedSlot) {
		t.Errorf("token %d: created %s, completed %s, graduated %s", i, tok.CreatedAt, tok.CompletedAt, tok.GraduatedAt)
	}
}

func absent(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// integrate returns the quote that a config's curve takes up to a price.
func integrate(config reader, sqrt *big.Int) uint64 {
	sum, from := new(big.Int), config.u128(392)
	for at := 408; at < 408+20*32 && from.Cmp(sqrt) < 0; at += 32 {
		to := config.u128(at)
		if to.Cmp(sqrt) > 0 {
			to = sqrt
		}
		part := new(big.Int).Sub(to, from)
		sum.Add(sum, part.Mul(part, config.u128(at+16)).Rsh(part, 128))
		from = to
	}
	return sum.Uint64()
}

// checkBooks holds the books to the formulas of Meteora's facts.
func checkBooks(t *testing.T, i int, b Books, tok *Token, got []reader) {
	t.Helper()
	pool, config := got[0], got[1]
	pct, feePct, creatorFeePct := uint64(config.data[245]), uint64(config.data[247]), uint64(config.data[248])
	for n, c := range []struct{ partner, partnerClaimed, creator, creatorClaimed, lifetime uint64 }{
		{b.Partner.UnclaimedBase, b.Partner.ClaimedBase, b.Creator.UnclaimedBase, b.Creator.ClaimedBase, b.LifetimeBase},
		{b.Partner.UnclaimedQuote, b.Partner.ClaimedQuote, b.Creator.UnclaimedQuote, b.Creator.ClaimedQuote, b.LifetimeQuote},
	} {
		fees := pool.side(n)
		if fees.Partner != c.partner || fees.Creator != c.creator || fees.Lifetime != c.lifetime ||
			c.partner+c.partnerClaimed+c.creator+c.creatorClaimed != c.lifetime {
			t.Errorf("token %d, side %d: %+v, books %+v", i, n, fees, c)
		}
		if formula := fees.Lifetime * pct / 100; absent(formula-fees.Creator, c.creatorClaimed) > uint64(b.Trades) {
			t.Errorf("token %d, side %d: the creator claimed %d, by the formula %d", i, n, c.creatorClaimed, formula-fees.Creator)
		}
	}
	if tok.Stage == Bonding {
		return
	}
	surplus := (tok.QuoteReserve - tok.Threshold) * 8 / 10
	fee := tok.Threshold - (tok.Threshold*(100-feePct)+99)/100
	want := []Due{
		{surplus - surplus*pct/100, pool.data[306] == 1},
		{surplus * pct / 100, pool.data[310] == 1},
		{fee - fee*creatorFeePct/100, pool.data[311]&0b100 != 0},
		{fee * creatorFeePct / 100, pool.data[311]&0b010 != 0},
		{config.u64(368) - config.u64(368)/10, pool.data[369]&0b10 != 0},
	}
	if diff := cmp.Diff(want, []Due{b.Partner.Surplus, b.Creator.Surplus, b.Partner.MigrationFee, b.Creator.MigrationFee, b.Partner.CreationFee}); diff != "" {
		t.Errorf("token %d (-formula +books):\n%s", i, diff)
	}
	if fees := pool.side(base); tok.Stage == Graduated && !b.Partner.Leftover.Taken && config.data[244] == 1 {
		if left := got[3].u64(64) - fees.Protocol - fees.Partner - fees.Creator - pool.u64(384); left != b.Partner.Leftover.Amount {
			t.Errorf("token %d: leftover %d by the formula, %d in the books", i, left, b.Partner.Leftover.Amount)
		}
	}
}

// TestAddresses are public ones: recorded pools of DBC and DAMM v2, and the metadata of USDC; of DAMM v1, for which there is
// none, what the product's derivation says.
func TestAddresses(t *testing.T) {
	t.Parallel()
	v1, err := solana.ProgramAddress(dammV1Program, mintUSDC[:], mintSOL[:], feeConfigsV1[4][:]) // USDC's key is the larger
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		got  key
		want string
	}{
		"DBC":      {pair(dbcProgram, mustKey("CbfpuGYivK1o8rCpKf536ebipFipRTyk71sGCCXaBeEc"), mustKey("QS4QLW6vZWMmQE3j3LAnGfCZbXWbVfDuVDeVfgT2dzM"), mintSOL), "EWJ2mDW9UBuGAJ4UF5gTdYVXk8BxT2dV1P8oBN24xiZz"},
		"DAMM v2":  {pair(dammProgram, feeConfigs[2], mustKey("2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv"), mintSOL), "BKH29Cr5mZf8eahp7vD28jaBqU9HavY9v6SAbphbSA2D"},
		"DAMM v1":  {pairV1(feeConfigsV1[4], mintSOL, mintUSDC), v1.String()},
		"Metaplex": {metadataAddress(mintUSDC), "5x38Kp4hvdomTCnCrAny4UtMUt5rQBdB6px2K1Ui45Wq"},
	} {
		if spell(tt.got) != tt.want {
			t.Errorf("%s: %s, want %s", name, spell(tt.got), tt.want)
		}
	}
}

// TestLife takes one curve from its creation to its end, each step with its numbers.
func TestLife(t *testing.T) {
	t.Parallel()
	c := New(Config{Tokens: -1})
	config := c.AddLaunch(Launch{CreatorPct: 30, MigrationFeePct: 10, CreatorMigrationFeePct: 25, CreationFee: 1000, Vesting: true, Threshold: 100e9})
	i := c.AddCurves(config, 1)[0]
	if c.referred(i) {
		t.Fatal("the numbers below are those of a curve without referral")
	}
	c.Trade(i, 10e9)
	checkMoney(t, c, i, "buy", 9_900_000_000, Purse{UnclaimedQuote: 56_000_000}, Purse{UnclaimedQuote: 24_000_000})
	c.Trade(i, -1e9)
	checkMoney(t, c, i, "sell", 8_900_000_000, Purse{UnclaimedQuote: 61_600_000}, Purse{UnclaimedQuote: 26_400_000})
	c.Claim(i, Creator)
	checkMoney(t, c, i, "claim", 8_900_000_000, Purse{UnclaimedQuote: 61_600_000}, Purse{ClaimedQuote: 26_400_000})
	c.Advance(10)
	c.Trade(i, 100e9)
	surplus, fee := uint64(7_900_000_000*8/10), uint64(10e9)
	partner := Purse{UnclaimedQuote: 621_600_000, Surplus: Due{Amount: surplus - surplus*30/100}, MigrationFee: Due{Amount: fee * 3 / 4}}
	creator := Purse{ClaimedQuote: 26_400_000, UnclaimedQuote: 240_000_000, Surplus: Due{Amount: surplus * 30 / 100}, MigrationFee: Due{Amount: fee / 4}}
	checkMoney(t, c, i, "complete", 107_900_000_000, partner, creator)
	if tok := c.Token(i); tok.Stage != Vesting || !tok.CompletedAt.Equal(c.TimeOf(c.Slot())) || tok.Supply != supplyAtFirst {
		t.Errorf("complete: %+v", tok)
	}
	c.Unlock(i)
	if stage := c.Token(i).Stage; stage != Ready {
		t.Errorf("unlocked: stage %d", stage)
	}
	c.Migrate(i)
	if tok := c.Token(i); tok.Stage != Graduated || tok.DAMMPool == "" || tok.Supply != supplyAtLast || tok.GraduatedAt.IsZero() {
		t.Errorf("graduated: %+v", tok)
	}
	c.Burn(i, 5)
	if got := c.Token(i).Supply; got != supplyAtLast-5 {
		t.Errorf("burned: supply %d", got)
	}
	c.Withdraw(i, Partner)
	b := c.Books(i)
	if !b.Partner.Surplus.Taken || !b.Partner.MigrationFee.Taken || !b.Partner.CreationFee.Taken || !b.Partner.Leftover.Taken || b.Creator.Surplus.Taken {
		t.Errorf("withdrawn: %+v", b)
	}
	// The fees of partner, creator and protocol; two shares of the surplus, one of the migration fee, one in 500 of all.
	want := uint64(621_600_000+240_000_000) + 222_000_000 + (7_900_000_000 - surplus + surplus*30/100) + fee/4 + 100e9/500
	if got := c.find(mustKey(c.Token(i).QuoteVault)); (reader{data: got.Data}).u64(64) != want {
		t.Errorf("the quote vault holds %d, want %d", reader{data: got.Data}.u64(64), want)
	}
	if b.Trades != 3 || b.Volume != 111e9 {
		t.Errorf("%d trades of %d", b.Trades, b.Volume)
	}
}

func checkMoney(t *testing.T, c *Chain, i int, step string, reserve uint64, partner, creator Purse) {
	t.Helper()
	b := c.Books(i)
	partner.CreationFee = Due{Amount: 900}
	if got := c.Token(i).QuoteReserve; got != reserve {
		t.Errorf("%s: reserve %d, want %d", step, got, reserve)
	}
	if diff := cmp.Diff([]Purse{partner, creator}, []Purse{b.Partner, b.Creator}); diff != "" {
		t.Errorf("%s (-want +got):\n%s", step, diff)
	}
}

// TestEveryLaunchEnds: a curve of each sort can be completed and migrated, and loses supply as its config says.
func TestEveryLaunchEnds(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Launches: EveryLaunch(), Tokens: 1})
	for n, config := range s.Configs() {
		i := s.AddCurves(config, 1)[0]
		s.Tick()
		s.Complete(i)
		full := s.Token(i)
		s.Complete(i) // changes nothing
		s.Migrate(i)
		got, l := s.Token(i), s.configs[n].Launch
		if full.QuoteReserve < full.Threshold || full.Stage == Bonding || got.QuoteReserve != full.QuoteReserve {
			t.Errorf("config %d: %d of %d", n, full.QuoteReserve, full.Threshold)
		}
		if (got.DAMMv1Pool != "") != l.V1 || (got.DAMMPool != "") == l.V1 {
			t.Errorf("config %d: pools %q, %q", n, got.DAMMPool, got.DAMMv1Pool)
		}
		if want := uint64(supplyAtLast); !l.Dynamic && got.Supply != want || l.Dynamic && (got.Supply >= want || got.Supply < want*3/4) {
			t.Errorf("config %d: supply %d", n, got.Supply)
		}
		rows := Graduates{s.Chain, l.V1}
		row, ok := rows.Row(got.DAMMPool + got.DAMMv1Pool)
		if !ok || !json.Valid(row) || !strings.Contains(string(row), got.Mint) {
			t.Errorf("config %d: row %s", n, row)
		}
		if all := rows.ByMint(got.Mint, false); len(all) != 1 || string(all[0]) != string(row) {
			t.Errorf("config %d: %d rows by mint", n, len(all))
		}
		if _, ok := (Graduates{s.Chain, !l.V1}).Row(got.DAMMPool + got.DAMMv1Pool); ok {
			t.Errorf("config %d: listed by the other version", n)
		}
	}
}

// TestQuotes: the mint of every quote says its decimals, and a quote may be the chain's own token.
func TestQuotes(t *testing.T) {
	t.Parallel()
	s := every(t)
	first := s.Token(0).Mint
	seen := map[string]bool{}
	for n, config := range s.Configs() {
		tok := s.Token(s.TokensOf(config)[0])
		mint := s.accounts(t, tok.QuoteMint)[0]
		if mint.data == nil || int(mint.data[44]) != tok.QuoteDecimals || (mint.owner == spell(token22)) != s.configs[n].QuoteToken2022 {
			t.Errorf("config %d: mint of its quote %+v", n, mint)
		}
		seen[tok.QuoteMint] = true
	}
	if len(seen) != 5 || !seen[first] {
		t.Errorf("quotes %v", seen)
	}
	before := s.QuoteUSD(spell(mintSOL))
	s.Tick()
	if after := s.QuoteUSD(spell(mintSOL)); after == before || after < before*0.95 || after > before*1.05 {
		t.Errorf("SOL went from %f to %f", before, after)
	}
	if usd := s.QuoteUSD(first); usd <= 0 || usd > 1e-3 {
		t.Errorf("the first token is worth %g", usd)
	}
}

// TestNames: names are where SPL and Token-2022 keep them; they can be changed, hidden and shown.
func TestNames(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	for _, i := range []int{0, 3} {
		tok := s.Token(i)
		at := spell(metadataAddress(mustKey(tok.Mint)))
		if tok.Token2022 {
			at = tok.Mint
		}
		has := func(text string) bool { return strings.Contains(string(s.accounts(t, at)[0].data), text) }
		if !has(tok.Name) || !has(tok.URI) {
			t.Errorf("token %d: no name", i)
		}
		s.HideMetadata(i)
		if has(tok.Name) || s.Token(i).Name != "" || (s.accounts(t, at)[0].data == nil) == tok.Token2022 {
			t.Errorf("token %d: hidden, but there", i)
		}
		s.ShowMetadata(i)
		if !has(tok.Name) {
			t.Errorf("token %d: not shown again", i)
		}
		s.Rename(i, "Second Name", "SN", "ipfs://second")
		if has(tok.Name) || !has("Second Name") || !has("ipfs://second") || s.Token(i).Symbol != "SN" {
			t.Errorf("token %d: not renamed", i)
		}
	}
}

// TestSlotAheadOfAccounts: what getMultipleAccounts says is ahead of what a scan shows.
func TestSlotAheadOfAccounts(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 16, Node: Node{Behind: 10}})
	s.Advance(1000)
	i := s.AddCurves(s.Launchpad(), 1)[0]
	s.Advance(5)
	told := s.Slot()
	o := with(poolsOf(s.launchpad()), "limit", 100)
	shown := func(since uint64) bool {
		got, _ := s.walkPages(t, with(o, "changedSinceSlot", since), 1)
		return slices.Contains(got, s.Token(i).Pool)
	}
	if s.accounts(t, s.Token(i).Pool)[0].data == nil || shown(0) {
		t.Error("the new curve is not ahead of the scan")
	}
	s.Advance(20)
	if shown(told) || !shown(told-150) || !shown(0) {
		t.Error("the new curve is not found with an overlap only")
	}
	s.Trade(i, 5e9)
	reserve := func() uint64 {
		p := s.readPage(t, o)
		for _, a := range p.Accounts {
			if b, _ := base64.StdEncoding.DecodeString(a.Account.Data[0]); a.Pubkey == s.Token(i).Pool {
				return reader{data: b}.u64(240)
			}
		}
		return 1
	}
	if got := reserve(); got != 0 {
		t.Errorf("a trade shows at once: %d", got)
	}
	if s.Advance(10); reserve() != s.Token(i).QuoteReserve {
		t.Error("a trade never shows")
	}
}

// TestManyConfigs: forged configs and those of one coin each are found by fee claimer and by creator.
func TestManyConfigs(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	platform := spell(hashed("platform", 0))
	singles := s.AddSingles(1000, Launch{Claimer: platform, Creator: platform})
	forged := s.AddLaunch(Launch{}) // names our launchpad as its claimer
	s.AddCurves(forged, 2)
	claimer := mustKey(platform)
	o := opts{"encoding": "base64", "limit": 10_000, "filters": []opts{memcmp(0, configKind[:]), memcmp(40, claimer[:])}}
	if got, _ := s.walkPages(t, o, 1); len(got) != 1000 || len(s.ConfigsOf(platform)) != 1000 {
		t.Errorf("%d configs", len(got))
	}
	o["filters"] = []opts{memcmp(0, poolKind[:]), memcmp(104, claimer[:])}
	if got, _ := s.walkPages(t, o, 1); len(got) != 1000 || !slices.Equal(s.TokensBy(platform), singles) {
		t.Errorf("%d pools", len(got))
	}
	if got := s.ConfigsOf(s.Launchpad()); len(got) != 4 || !slices.Contains(got, forged) || len(s.TokensOf(forged)) != 2 {
		t.Errorf("configs of the launchpad: %v", got)
	}
}

// TestGrownAndReplaced: accounts may be longer than today, or be what a test puts in their place.
func TestGrownAndReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	s.Lengthen(64, 0)
	bad := s.PoolAccount(1)
	bad.Data = bad.Data[:100]
	s.Put(bad)
	got := s.accounts(t, s.Token(0).Pool, s.Token(1).Pool, s.Token(2).Pool)
	if len(got[0].data) != 488 || len(got[1].data) != 100 || len(got[2].data) != 424 {
		t.Errorf("%d, %d and %d bytes", len(got[0].data), len(got[1].data), len(got[2].data))
	}
	all, _ := s.walkPages(t, with(poolsOf(s.launchpad()), "limit", 100), 1)
	if slices.Contains(all, s.Token(1).Pool) || len(all) != 4 { // its config is beyond the cut
		t.Errorf("pools %v", all)
	}
}

// TestSignatures: a config's transactions come newest first, up to the last known one, and name their pools.
func TestSignatures(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 64})
	type row struct {
		Signature string
		Slot      uint64
	}
	ask := func(o opts) (list []row) {
		s.call(t, "getSignaturesForAddress", s.Launchpad(), o).into(t, &list)
		return list
	}
	s.Tick()
	all := ask(opts{})
	if len(all) < 41 || !slices.IsSortedFunc(all, func(a, b row) int { return int(b.Slot) - int(a.Slot) }) {
		t.Fatalf("%d signatures", len(all))
	}
	if got := ask(opts{"limit": 3, "before": all[4].Signature}); len(got) != 3 || got[0] != all[5] {
		t.Errorf("%v", got)
	}
	until := opts{"until": all[0].Signature}
	if got := ask(until); len(got) != 0 {
		t.Errorf("%d new ones where nothing happened", len(got))
	}
	s.Advance(7)
	i := s.AddCurves(s.Launchpad(), 1)[0]
	s.Advance(7)
	s.Trade(i, 1e9)
	news := ask(until)
	if len(news) != 2 {
		t.Fatalf("%v", news)
	}
	for _, n := range news {
		var tx struct {
			Slot        uint64
			Transaction struct {
				Message struct{ AccountKeys []string }
			}
		}
		s.call(t, "getTransaction", n.Signature, opts{"encoding": "json"}).into(t, &tx)
		if tx.Slot != n.Slot || !slices.Contains(tx.Transaction.Message.AccountKeys, s.Token(i).Pool) {
			t.Errorf("transaction %+v", tx)
		}
	}
	if r := s.call(t, "getTransaction", "1111"); string(r.Result) != "null" {
		t.Errorf("%s", r.Result)
	}
}

// TestSignaturesOfEveryAccount: each account that a transaction names has it among its own, as on a real node; a config that
// nobody has used yet has the one that made it.
func TestSignaturesOfEveryAccount(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	fresh := s.AddLaunch(Launch{})
	tok := s.Token(0)
	for name, address := range map[string]string{
		"config": tok.Config, "a config without pools": fresh, "pool": tok.Pool, "mint": tok.Mint, "creator": tok.Creator, "quote": tok.QuoteMint,
		"base vault": tok.BaseVault, "quote vault": tok.QuoteVault, "metadata": spell(metadataAddress(mustKey(tok.Mint))), "the program": spell(dbcProgram),
	} {
		var list []struct{ Signature string }
		s.call(t, "getSignaturesForAddress", address).into(t, &list)
		if len(list) == 0 {
			t.Errorf("%s: no signature", name)
			continue
		}
		var tx struct {
			Transaction struct {
				Message struct{ AccountKeys []string }
			}
		}
		s.call(t, "getTransaction", list[0].Signature, opts{"encoding": "json"}).into(t, &tx)
		if !slices.Contains(tx.Transaction.Message.AccountKeys, address) && name != "metadata" {
			t.Errorf("%s: its transaction names %v", name, tx.Transaction.Message.AccountKeys)
		}
	}
	var none []any
	if s.call(t, "getSignaturesForAddress", spell(hashed("nobody", 1))).into(t, &none); len(none) > 0 {
		t.Errorf("nobody's: %v", none)
	}
}

// TestSeed: one seed and one beginning, one chain.
func TestSeed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	lives := func(seed uint64) (all []string) {
		c := New(Config{Seed: seed, Now: now, Launches: EveryLaunch(), Tokens: 100})
		c.Tick()
		for i := range c.Tokens() {
			all = append(all, base64.StdEncoding.EncodeToString(c.PoolAccount(i).Data))
		}
		return all
	}
	one, again, other := lives(1), lives(1), lives(2)
	if !slices.Equal(one, again) {
		t.Error("the same seed, another chain")
	}
	if one[0] == other[0] && one[1] == other[1] {
		t.Error("another seed, the same chain")
	}
}

// TestAges: some tokens are a day old at most, and no two of the default launchpad's are born together.
func TestAges(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	day, instant, complete, slots := 0, 0, 0, map[uint64]bool{}
	for i := range c.Tokens() {
		tok := c.Token(i)
		slots[tok.CreatedSlot] = true
		if c.TimeOf(c.Slot()).Sub(tok.CreatedAt) < 24*time.Hour {
			day++
		}
		if tok.Stage > Bonding {
			complete++
			if tok.CompletedAt.Sub(tok.CreatedAt) <= time.Minute {
				instant++
			}
		}
	}
	if day < 30 || day > 100 || len(slots) < c.Tokens()-2 || instant*5 < complete || instant*5 > complete*3 {
		t.Errorf("%d of the last day, %d slots, %d of %d complete at once", day, len(slots), instant, complete)
	}
}

// TestManyReadersAndWriters is for the race detector; what it reads must be whole.
func TestManyReadersAndWriters(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 64, Node: Node{Strangers: 100}})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 10 {
				if got, _ := s.walkPages(t, with(poolsOf(s.launchpad()), "limit", 10), 100); len(got) < 40 {
					t.Errorf("%d pools", len(got))
				}
				s.accounts(t, s.Token(1).Pool)
			}
		})
	}
	for range 20 {
		s.Tick()
		i := s.AddCurves(s.Launchpad(), 1)[0]
		s.Trade(i, 1e9)
		s.Rename(i, "n", "s", "u")
		s.SetNode(Node{Strangers: 100})
	}
	wg.Wait()
}

// FuzzRequest: nothing that a client sends brings the node down, and its answer is JSON.
func FuzzRequest(f *testing.F) {
	c := New(Config{Tokens: 8, Node: Node{Strangers: 10}})
	program := spell(dbcProgram)
	for _, p := range []string{
		`["` + program + `",{"encoding":"base64","limit":3,"paginationKey":"1.2.3"}]`,
		`["` + program + `",{"encoding":"base64","filters":[{"memcmp":{"offset":9223372036854775807,"bytes":"11"}},{"dataSize":424}]}]`,
		`["` + program + `",{"encoding":"base64","limit":5,"dataSlice":{"offset":-1,"length":9223372036854775807}}]`,
		`[["` + program + `"],{"encoding":"base64"}]`, `[460000000]`, `["` + c.Launchpad() + `",{"limit":2,"until":"1"}]`, `[]`, `null`, `[1,2,3]`,
	} {
		for m := range uint8(7) {
			f.Add(m, p)
		}
	}
	methods := []string{
		"getProgramAccountsV2", "getProgramAccounts", "getMultipleAccounts", "getBlockTime", "getSignaturesForAddress", "getTransaction", "getSlot",
	}
	f.Fuzz(func(t *testing.T, m uint8, params string) {
		if !json.Valid([]byte(params)) {
			return
		}
		body := `{"id":1,"method":"` + methods[int(m)%len(methods)] + `","params":` + params + `}`
		if got := serveChain(c, body); got.Code == 200 && !json.Valid(got.Body.Bytes()) {
			t.Errorf("%s: %s", body, got.Body)
		}
	})
}

// TestStir trades on some curves that are for sale, and completes none.
func TestStir(t *testing.T) {
	t.Parallel()
	c := New(Config{Tokens: 200})
	before := make([]Token, c.Tokens())
	for i := range before {
		before[i] = c.Token(i)
	}
	slot := c.Slot()
	for range 300 {
		c.Stir(8)
	}
	up, down := 0, 0
	for i, was := range before {
		is := c.Token(i)
		switch {
		case is.Stage != was.Stage, i%4 != 0 && is.QuoteReserve != was.QuoteReserve:
			t.Errorf("token %d: stage %v after %v, reserve %d after %d", i, is.Stage, was.Stage, is.QuoteReserve, was.QuoteReserve)
		case is.QuoteReserve > was.QuoteReserve:
			up++
		case is.QuoteReserve < was.QuoteReserve:
			down++
		}
	}
	if up < 5 || down < 1 || c.Slot() != slot+2400 {
		t.Errorf("%d went up, %d down, slot %d", up, down, c.Slot())
	}
}
