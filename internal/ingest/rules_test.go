package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestListingRules: what meets no rule is kept and out of the lists, for as long as the rules say so; rules that cannot be
// read change nothing, also in another process.
func TestListingRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ours, theirs := key("our wallet"), key("their wallet")
	chain := &scripted{product: token.DBC}
	for i, of := range []struct{ creator, uri string }{
		{ours, "https://evil.example/1"}, {theirs, "https://pad.example/2"}, {theirs, "https://evil.example/3"}, {"", ""},
	} {
		chain.pools = append(chain.pools, token.Pool{
			Address: key(fmt.Sprint("curve ", i)), Product: token.DBC, Launchpad: token.LaunchpadID(w.ids), CreatedAt: 1,
			Base:  token.Asset{Mint: key(fmt.Sprint("ruled ", i)), URI: of.uri},
			Curve: token.Curve{Stage: token.Bonding, Creator: of.creator},
		})
	}
	w.sync.Sources, w.sync.Finders = []ingest.Source{chain}, nil
	text, failure := "", error(nil)
	listing := func() *ingest.Listing {
		return &ingest.Listing{
			Text:  func(context.Context) (string, error) { return text, failure },
			Cache: dynamo.NewCache(dynamo.NewSyncTable(w.db, w.tables.Sync)),
		}
	}
	w.sync.Listing = listing()
	rules := fmt.Sprintf(`{"creators":[%q], "uri_prefixes":["https://pad.example/"]}`, ours)
	unreadable := errors.New("SSM is down")
	for _, step := range []struct {
		name, text string
		failure    error
		listed     int
		bad        float64
	}{
		{"never any good ones", "{", nil, 4, 1},
		{"rules", rules, nil, 2, 0},
		{"the same", rules, nil, 2, 0},
		{"no JSON", "creators: all", nil, 2, 1},
		{"a field that is misspelt", `{"creator":[]}`, nil, 2, 1},
		{"a creator that is not a key", `{"creators":["me"]}`, nil, 2, 1},
		{"an empty prefix", `{"uri_prefixes":[""]}`, nil, 2, 1},
		{"two objects", rules + rules, nil, 2, 1},
		{"null", "null", nil, 2, 1},
		{"nothing", "", nil, 2, 1},
		{"out of reach", rules, unreadable, 2, 1},
		{"creators alone", fmt.Sprintf(`{"creators":[%q]}`, theirs), nil, 2, 0},
		{"prefixes alone", `{"uri_prefixes":["https://evil.example/1"]}`, nil, 1, 0},
		{"no rule", `{}`, nil, 4, 0},
		{"rules again", rules, nil, 2, 0},
	} {
		text, failure = step.text, step.failure
		run := w.run()
		if got := len(w.listed()); got != step.listed || run.TokensUnapproved != 4-step.listed || run.Status != syncrun.Succeeded {
			t.Errorf("%s: %d listed: %+v", step.name, got, run)
		}
		if got := w.lastMetrics(w.runs())["RulesInvalid"].Value; got != step.bad {
			t.Errorf("%s: RulesInvalid is %v", step.name, got)
		}
		w.sync.Listing = listing() // another process
	}
	if got := w.tokens()[key("ruled 2")]; got.Status != token.Unapproved || len(got.Pools) != 1 || len(w.tokens()) != 4 {
		t.Errorf("%+v", got)
	}
	chain.pools = nil // and of what nothing new is seen
	text = fmt.Sprintf(`{"creators":[%q]}`, theirs)
	chain.err = syncrun.ErrIncomplete
	w.run()
	if got := w.listed(); len(got) != 2 {
		t.Errorf("%d are listed", len(got))
	}
}
