//go:build browsertest

package browsertest

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"tokensync/internal/config"
	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/ssmtest"
	"tokensync/internal/dynamo"
	"tokensync/internal/ledger"
	"tokensync/internal/proof/course"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const (
	adminToken = "token-of-the-browser-test-long-enough"
	rules      = "/rules"
)

// TestPage runs page.test.mjs against a stack that has seen good runs and bad ones.
func TestPage(t *testing.T) {
	browse(t, "page.test.mjs", "BASE_URL="+start(t).URL(), "ADMIN_TOKEN="+adminToken)
}

// TestWatch runs watch.test.mjs against a launchpad that lives, at a Meteora that misbehaves now and then.
func TestWatch(t *testing.T) {
	w, control := course.StartWorld(t, dev.WorldOptions{
		Chain:   &rpctest.Config{Tokens: 100},
		Meteora: meteoratest.Config{Pools: 2000, Ours: 200, Fault: meteoratest.RandomFaults(1, 0.02)},
	})
	browse(t, "watch.test.mjs", "API_URL="+w.URL(), "COURSE_URL="+control)
}

// browse runs a file of tests in Node, with more variables.
func browse(t *testing.T, file string, environment ...string) {
	t.Helper()
	command := os.Getenv("BROWSER_TEST")
	if command == "" {
		t.Fatal("BROWSER_TEST is not set: use make browser-test")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command+" "+file)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout // as it comes: it may take minutes
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

func start(t *testing.T) *dev.World {
	t.Helper()
	ids := rpctest.DefaultLaunchpad + ",claimer:" + rpctest.DefaultLaunchpad + "," + meteoratest.DefaultLaunchpad
	w, err := dev.StartWorld(t.Context(), dev.WorldOptions{
		Options: dev.Options{AdminToken: adminToken, LaunchpadID: &ids, Environment: map[string]string{config.ListingRules: rules}},
		Meteora: meteoratest.Config{Pools: 6000, Ours: 300}, Chain: &rpctest.Config{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	days(t, w)
	w.SSM().Set(rules, ssmtest.Parameter{Type: ssmtest.String, Value: `{"uri_prefixes":["https://example.com/"]}`}) // the chain's tokens
	history(t, w)
	return w
}

// madeUpDays is how many days before today's the ledger has.
const madeUpDays = 9

// days gives the ledger a past.
func days(t *testing.T, w *dev.World) {
	t.Helper()
	table := dynamo.NewSyncTable(w.Engine().Client(), w.Tables().Sync)
	for n := range madeUpDays {
		at := time.Now().UTC().AddDate(0, 0, -madeUpDays+n)
		n := int64(n)
		amount := token.FromDecimal(10+7*n%5, 0)
		day := ledger.Day{
			Date: at.Format(time.DateOnly), From: at.UnixMilli(), At: at.UnixMilli(), Launched: 20 + int(n*5%7), Completed: 5, Graduated: int(n % 5),
			Took: []int64{1800 + 600*n},
			Quotes: []ledger.Quote{{
				Mint: token.SOL, Symbol: "SOL", USD: "120", PartnerDue: amount, CreatorsDue: amount,
				Sum: ledger.Sum{Amounts: ledger.Amounts{Volume: amount.Mul("125"), Fees: amount, Partner: amount.Mul("0.5"), Creators: amount.Mul("0.5")}},
			}},
		}
		if err := table.SaveDay(t.Context(), rpctest.DefaultLaunchpad, &day); err != nil {
			t.Fatal(err)
		}
	}
}

// history makes a full run, refreshes, a run while Meteora is down, and good ones after it.
func history(t *testing.T, w *dev.World) {
	t.Helper()
	run := func(ctx context.Context, event string, want syncrun.Status) {
		t.Helper()
		got, err := w.Sync(ctx, event)
		if err != nil || got.Record.Status != want {
			t.Fatalf("%s: %s, %v", event, got.Record.Status, err)
		}
		w.Tick()
	}
	run(t.Context(), dev.FullSync, syncrun.Succeeded)
	for range 5 {
		run(t.Context(), dev.Refresh, syncrun.Succeeded)
	}
	w.Meteora.SetFault(meteoratest.Always(meteoratest.Fault{Status: http.StatusNotFound}))
	run(t.Context(), dev.FullSync, syncrun.Partial)
	w.Meteora.SetFault(nil)
	run(t.Context(), dev.FullSync, syncrun.Succeeded)
	if err := w.InventPast(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		run(t.Context(), dev.Refresh, syncrun.Succeeded)
	}
}
