package ingest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/dbc"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/study"
	"tokensync/internal/dynamo"
	"tokensync/internal/ingest"
	"tokensync/internal/ledger"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// days reads a launchpad's whole ledger.
func (w *world) days(id string) []ledger.Day {
	w.t.Helper()
	days, err := dynamo.NewSyncTable(engine.Client(), w.tables.Sync).Days(context.WithoutCancel(w.t.Context()), token.LaunchpadID(id), "", "9")
	if err != nil {
		w.t.Fatal(err)
	}
	return days
}

// refuse lets the table refuse items of some partitions from now on.
func (w *world) refuse(pks ...string) {
	w.db.put = func(_, pk string) error {
		if slices.Contains(pks, pk) {
			return errGone
		}
		return nil
	}
}

// noPools is an AMM without pools.
type noPools struct{}

func (noPools) ByAddress(context.Context, []string, *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return func(func(token.Pool, error) bool) {}
}

type fixedPrice struct{}

func (fixedPrice) QuotePrice(_ context.Context, mint string, _ *syncrun.Counts) (token.Number, error) {
	return map[string]token.Number{token.SOL: "120", token.USDC: "1"}[mint], nil
}

// readChain lets w's sync read a chain by two configs, whose tokens pay with SOL and with USDC, and go by its clock.
func readChain(t *testing.T, w *world, began time.Time) *rpctest.Server {
	t.Helper()
	usdc := token.USDC
	chain, err := rpctest.Start(rpctest.New(rpctest.Config{Now: began, Tokens: 8, Launches: []rpctest.Launch{
		{Key: rpctest.DefaultLaunchpad, CreatorPct: 50, MigrationFeePct: 10, CreatorMigrationFeePct: 40},
		{Key: key("usdc"), Quote: usdc, Threshold: 12_000e6, CreatorPct: 20},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chain.Close() })
	client, err := solana.NewClient(solana.Options{
		URL: chain.URL(), Rates: solana.Rates{RPC: 1e6, Scans: 1e6, DAS: 1e6},
		Retry: upstream.Retry{Attempts: 1, Budget: 9, Base: time.Millisecond, Max: time.Millisecond, Patience: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w.ids = rpctest.DefaultLaunchpad + "," + key("usdc")
	w.sync.Finders, w.sync.Sources = nil, []ingest.Source{&dbc.Source{
		Node:  func(context.Context) (*solana.Client, error) { return client, nil },
		Cache: dynamo.NewCache(dynamo.NewSyncTable(engine.Client(), w.tables.Sync)), Graduates: noPools{}, Quotes: fixedPrice{},
	}}
	w.sync.Now = func() time.Time { return chain.TimeOf(chain.Slot()) }
	return chain
}

// truth is the fake's own books of one config at a moment, in base units.
type truth struct {
	volume, fees, partner, creators, partnerDue, creatorsDue int64
	launched, completed, graduated                           int
}

func truthOf(chain *rpctest.Server, config string) (sum truth) {
	earned := func(p rpctest.Purse) (all, due int64) {
		due = int64(p.UnclaimedQuote)
		all = due + int64(p.ClaimedQuote+p.Surplus.Amount+p.MigrationFee.Amount)
		for _, once := range []rpctest.Due{p.Surplus, p.MigrationFee} {
			if !once.Taken {
				due += int64(once.Amount)
			}
		}
		return all, due
	}
	for _, i := range chain.TokensOf(config) {
		b, stage := chain.Books(i), chain.Token(i).Stage
		partner, partnerDue := earned(b.Partner)
		creator, creatorDue := earned(b.Creator)
		sum.volume, sum.fees = sum.volume+int64(b.Volume), sum.fees+int64(b.LifetimeQuote)
		sum.partner, sum.creators = sum.partner+partner, sum.creators+creator
		sum.partnerDue, sum.creatorsDue = sum.partnerDue+partnerDue, sum.creatorsDue+creatorDue
		sum.launched++
		if stage > rpctest.Bonding {
			sum.completed++
		}
		if stage == rpctest.Graduated {
			sum.graduated++
		}
	}
	return sum
}

// since returns what has come in since before; what is due is as it stands.
func (s truth) since(before truth) truth {
	s.volume, s.fees = s.volume-before.volume, s.fees-before.fees
	s.partner, s.creators = s.partner-before.partner, s.creators-before.creators
	s.launched, s.completed, s.graduated = s.launched-before.launched, s.completed-before.completed, s.graduated-before.graduated
	return s
}

// inUnits returns a day of the ledger as truth has it.
func inUnits(t *testing.T, d *ledger.Day, decimals int) truth {
	t.Helper()
	units := func(n token.Number) int64 {
		mantissa, exponent, ok := n.Decimal()
		for ; exponent+decimals > 0; exponent-- {
			mantissa *= 10
		}
		if !ok || exponent+decimals < 0 {
			t.Errorf("%s: %q is not a number of units", d.Date, n)
		}
		return mantissa
	}
	sum := truth{launched: d.Launched, completed: d.Completed, graduated: d.Graduated}
	for _, q := range d.Quotes {
		sum.volume, sum.fees = sum.volume+units(q.Volume), sum.fees+units(q.Fees)
		sum.partner, sum.creators = sum.partner+units(q.Partner), sum.creators+units(q.Creators)
		sum.partnerDue, sum.creatorsDue = sum.partnerDue+units(q.PartnerDue), sum.creatorsDue+units(q.CreatorsDue)
	}
	return sum
}

// stir lets something happen on the chain. Amounts are such that neither fees nor their shares are rounded.
func stir(chain *rpctest.Server, random *rand.Rand, configs []string) {
	config := configs[random.IntN(len(configs))]
	tokens := chain.TokensOf(config)
	i := tokens[random.IntN(len(tokens))]
	tok := chain.Token(i)
	const step = 1_000_000
	switch what := random.IntN(10); {
	case what == 0:
		chain.AddCurves(config, 1+random.IntN(2))
	case tok.Stage == rpctest.Graduated: // whose claims only a full run sees
	case what == 1:
		chain.Claim(i, rpctest.Party(random.IntN(2)))
	case what == 2:
		chain.Withdraw(i, rpctest.Party(random.IntN(2)))
	case tok.Stage == rpctest.Ready:
		chain.Migrate(i)
	case tok.Stage != rpctest.Bonding:
	case what == 3: // it is sold out
		chain.Trade(i, int64((tok.Threshold-tok.QuoteReserve)/step+tok.Threshold/step/20)*step)
	case what < 6 && tok.QuoteReserve > 10*step:
		chain.Trade(i, -int64(random.Uint64N(tok.QuoteReserve/step/2))*step)
	default:
		chain.Trade(i, int64(random.Uint64N(tok.Threshold/step/20))*step)
	}
}

var errGone = errors.New("connection refused")

// refusing returns a run during which the table refuses items of a partition.
func refusing(pk string) func(*world, *rpctest.Server, string) {
	return func(w *world, _ *rpctest.Server, mode string) {
		w.refuse(pk)
		defer w.refuse()
		w.runAs(mode)
	}
}

// A mishap is what befalls a run.
type mishap func(w *world, chain *rpctest.Server, mode string)

func fine(w *world, _ *rpctest.Server, mode string) { w.runAs(mode) }

var mishaps = []mishap{
	fine,
	func(w *world, _ *rpctest.Server, mode string) { w.runAs(mode); w.runAs(mode) },
	func(*world, *rpctest.Server, string) {}, // skipped
	refusing("MANIFEST"),
	refusing("DAY"),
	func(w *world, chain *rpctest.Server, mode string) {
		chain.SetFault(func(rpctest.Request) *rpctest.Fault { return &rpctest.Fault{Code: -32603, Message: "Internal error"} })
		w.runAs(mode)
		chain.SetFault(nil)
		w.runAs(mode) // three failures in a row would open the breaker
	},
	func(w *world, _ *rpctest.Server, mode string) { // killed when its items are there and its board is not
		ctx, kill := context.WithCancel(w.t.Context())
		w.db.write = func(in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
			out, err := w.db.Client.BatchWriteItem(context.WithoutCancel(ctx), in)
			kill()
			return out, err
		}
		w.refuse("MANIFEST", "DAY")
		defer func() { w.db.write = nil; w.refuse(); kill() }()
		_, _ = w.sync.Run(ctx, ingest.Event{Mode: mode})
	},
}

// TestLedgerIsTheFakesOwnBooks lets curves be launched, traded, completed and migrated over three days, while runs are lost
// in all ways, and compares each day with what the fake counted between the last runs that published.
func TestLedgerIsTheFakesOwnBooks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(study.Size(2, 40)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			simulate(t, seed)
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	w := newWorld(t)
	began := time.Now().UTC().Truncate(24 * time.Hour).Add(-3*24*time.Hour - 6*time.Hour)
	chain := readChain(t, w, began)
	random := rand.New(rand.NewPCG(seed, 5))
	configs := []string{rpctest.DefaultLaunchpad, key("usdc")}
	decimals := map[string]int{configs[0]: 9, configs[1]: 6}
	const slotsAnHour = 9278
	if run := w.run(); run.Status != syncrun.Succeeded {
		t.Fatalf("%+v", run)
	}
	ends := map[string]map[string]truth{configs[0]: {}, configs[1]: {}} // by config and date
	first := map[string]truth{}
	version := int64(0)
	note := func() {
		b := w.board()
		for _, config := range configs {
			if now := truthOf(chain, config); b.Version() != version {
				ends[config][b.SyncedAt().UTC().Format(time.DateOnly)] = now
				first[config] = cmp.Or(first[config], now)
			}
		}
		version = b.Version()
	}
	note()
	for round := range 56 {
		for range 3 {
			chain.Advance(slotsAnHour / 3)
			stir(chain, random, configs)
		}
		befalls := mishaps[random.IntN(len(mishaps))]
		if round == 55 {
			befalls = fine
		}
		befalls(w, chain, []string{ingest.ModeFull, ingest.ModeRefresh}[random.IntN(2)])
		note()
	}
	for _, config := range configs {
		checkLedger(t, w.days(config), ends[config], first[config], decimals[config])
	}
}

// checkLedger compares days with what the fake's books said at the end of each.
func checkLedger(t *testing.T, days []ledger.Day, ends map[string]truth, first truth, decimals int) {
	t.Helper()
	var dates []string
	before := first
	for i := range days {
		d := &days[i]
		dates = append(dates, d.Date)
		want := ends[d.Date].since(before)
		before = ends[d.Date]
		if got := inUnits(t, d, decimals); got != want {
			t.Errorf("%s: %+v\nwant %+v", d.Date, got, want)
		}
	}
	if diff := gocmp.Diff(slices.Sorted(maps.Keys(ends)), dates); diff != "" || len(dates) < 3 {
		t.Errorf("days: %s", diff)
	}
	if moved := before.since(first); moved.volume == 0 || moved.launched == 0 || moved.completed == 0 || moved.graduated == 0 {
		t.Errorf("nothing happened: %+v", moved)
	}
}
