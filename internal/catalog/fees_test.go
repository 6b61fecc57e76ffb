package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/token"
)

// earning returns a token whose curve has earned something for both sides.
func earning(mint, creator, config, quote string, partner, creators token.Share) token.Token {
	curve := token.Curve{
		Stage: token.Graduated, Creator: creator, Config: config,
		Earnings: token.Earnings{Partner: partner, Creator: creators, CreationFee: "0.9"},
	}
	pool := token.Pool{
		Address: mint, Product: token.DBC, Launchpad: "pad", QuoteMint: quote, QuoteSymbol: "Q", QuoteUSD: "2", Curve: curve,
		Base: token.Asset{Mint: mint, PriceUSD: "0.5"},
	}
	t := token.Merge([]token.Pool{pool})
	t.FirstSeenAt = 1
	return t
}

func TestFees(t *testing.T) {
	t.Parallel()
	const alice, bob, config, other = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V", token.USDT, token.USDC, token.SOL
	mints := []string{"QS4QLW6vZWMmQE3j3LAnGfCZbXWbVfDuVDeVfgT2dzM", "7qNoXXPbgkqyiNGrY7sQughsZgpDB57MHdHjzoNnSDUH", "9d9mb8kooFfaD3SctgZtkxQypkshx6ezhbKio89ixyy2"}
	s := newStore(t,
		earning(mints[0], alice, config, token.SOL,
			token.Share{UnclaimedQuote: "1", ClaimedQuote: "4", UnclaimedBase: "10", Surplus: "3", MigrationFee: "2", SurplusTaken: true},
			token.Share{UnclaimedQuote: "7"}),
		earning(mints[1], alice, other, token.SOL, token.Share{UnclaimedQuote: "0.25"}, token.Share{UnclaimedQuote: "0.5", ClaimedQuote: "0.1"}),
		earning(mints[2], bob, other, token.USDC, token.Share{UnclaimedQuote: "100"}, token.Share{}),
	)
	c := s.catalog()
	t.Run("a creator's", func(t *testing.T) {
		t.Parallel()
		got, err := c.CreatorFees(t.Context(), alice)
		want := []token.Money{{
			QuoteMint: token.SOL, QuoteSymbol: "Q", Tokens: 2, Earned: "7.6", Unclaimed: "7.5", Claimed: "0.1", UnclaimedUSD: "15", EarnedUSD: "15.2",
		}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("error %v\n%s", err, diff)
		}
	})
	t.Run("nobody's", func(t *testing.T) {
		t.Parallel()
		if got, err := c.CreatorFees(t.Context(), token.SOL); err != nil || len(got) != 0 {
			t.Errorf("%v, error %v", got, err)
		}
		if _, err := c.CreatorFees(t.Context(), "alice"); !isBad(err, "creator") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the operator's", func(t *testing.T) {
		t.Parallel()
		got, err := c.Revenue(t.Context(), "", 2)
		if err != nil || len(got.Claims) != 2 || got.Claims[0].Mint != mints[2] || got.Claims[1].Mint != mints[0] {
			t.Fatalf("%+v, error %v", got.Claims, err)
		}
		first := got.Totals[0]
		want := token.Money{
			QuoteMint: token.SOL, QuoteSymbol: "Q", Tokens: 2, Earned: "10.25", Unclaimed: "3.25", Claimed: "4", Surplus: "3", MigrationFee: "2",
			BaseUSD: "5", UnclaimedUSD: "11.5", EarnedUSD: "20.5",
		}
		if diff := cmp.Diff(want, first); diff != "" || len(got.Totals) != 2 {
			t.Error(diff)
		}
	})
	t.Run("of one config", func(t *testing.T) {
		t.Parallel()
		got, err := c.Revenue(t.Context(), config, 0)
		if err != nil || len(got.Totals) != 1 || len(got.Claims) != 1 || got.Claims[0].Creation != "0.9" || got.Claims[0].Unclaimed != "3" {
			t.Errorf("%+v, error %v", got, err)
		}
		if _, err := c.Revenue(t.Context(), "x", 0); !isBad(err, "config") {
			t.Errorf("error %v", err)
		}
	})
}

// TestFeesOfAPlatform: the sums of a wallet that created very many tokens come with the board.
func TestFeesOfAPlatform(t *testing.T) {
	t.Parallel()
	want := []token.Money{{QuoteMint: token.SOL, QuoteSymbol: "SOL", Tokens: 9000, Earned: "12.5"}}
	s := &store{}
	var err error
	if s.board, err = board.Make(board.Manifest{Earned: []board.Earned{{Creator: token.USDT, Quotes: want}}}, apitest.Held(apitest.Tokens(1, "pad"))); err != nil {
		t.Fatal(err)
	}
	got, err := s.catalog().CreatorFees(t.Context(), token.USDT)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v\n%s", err, diff)
	}
}
