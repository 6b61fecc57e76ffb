package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/dynamo"
	"tokensync/internal/httpapi"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// faulty is a DynamoDB whose reads are counted and can be made to fail, to hang, or to leave keys unprocessed.
type faulty struct {
	dynamo.API
	err         error
	hang        bool
	panics      bool
	unprocessed int // BatchGetItem answers that leave half of their keys
	calls       func()
	unbounded   atomic.Int64 // calls that may take longer than a client is let wait
}

// patience is how long a client waits at most.
const patience = 2 * time.Second

func (f *faulty) fault(ctx context.Context) error {
	if f.calls != nil {
		f.calls()
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > patience {
		f.unbounded.Add(1)
	}
	switch {
	case f.panics:
		panic("a bug in the store")
	case f.hang:
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f *faulty) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if err := f.fault(ctx); err != nil {
		return nil, err
	}
	return f.API.Query(ctx, in, o...)
}

func (f *faulty) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if err := f.fault(ctx); err != nil {
		return nil, err
	}
	return f.API.GetItem(ctx, in, o...)
}

func (f *faulty) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if err := f.fault(ctx); err != nil {
		return nil, err
	}
	if f.unprocessed == 0 {
		return f.API.BatchGetItem(ctx, in, o...)
	}
	f.unprocessed--
	left := map[string]types.KeysAndAttributes{}
	for table, request := range in.RequestItems {
		rest := request
		half := len(request.Keys) / 2
		request.Keys, rest.Keys = request.Keys[:half], request.Keys[half:]
		in.RequestItems[table], left[table] = request, rest
	}
	out, err := f.API.BatchGetItem(ctx, in, o...)
	if err == nil {
		out.UnprocessedKeys = left
	}
	return out, err
}

// withFaults returns a backend whose catalog reads through f.
func withFaults(t testing.TB, f *faulty) *apitest.Backend {
	t.Helper()
	b := newBackend(t, func(api dynamo.API) dynamo.API { f.API = api; return f }, apitest.First)
	fill(t, b, apitest.Tokens(50, apitest.First))
	return b
}

var targets = []string{
	"/v1/tokens", "/v1/tokens?q=sym", "/v1/tokens?q=" + apitest.Mint(1), "/v1/tokens?mints=" + apitest.Mint(1),
	"/v1/tokens/" + apitest.Mint(1), "/v1/stats",
}

func TestNoDynamoDB(t *testing.T) {
	t.Parallel()
	faults := map[string]*faulty{
		"refuses": {err: errors.New("connection refused: 10.0.0.1 secret-table")}, "hangs": {hang: true},
	}
	for name, f := range faults {
		c := newAPI(t, withFaults(t, f), uncached)
		for _, target := range targets {
			t.Run(name+" "+target, func(t *testing.T) {
				t.Parallel()
				c := *c
				c.t = t
				response := c.once(target)
				if f.unbounded.Load() != 0 {
					t.Error("a read that may take longer than a client is let wait")
				}
				if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
					t.Errorf("status %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
				}
				if p := problem(t, response); strings.Contains(p.Detail, "secret") {
					t.Errorf("the error itself got out: %s", p.Detail)
				}
			})
		}
	}
}

// TestHungEndpoint uses a port that accepts and never answers, with the client as the functions configure it.
func TestHungEndpoint(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	f := &faulty{}
	b := withFaults(t, f)
	endpoint := "http://" + l.Addr().String()
	f.API = dynamodb.New(dynamodb.Options{BaseEndpoint: &endpoint, Region: "us-east-1"})
	response := newAPI(t, b, uncached).once("/v1/tokens")
	if response.StatusCode != http.StatusServiceUnavailable || f.unbounded.Load() != 0 {
		t.Errorf("status %d, %d reads without a bound", response.StatusCode, f.unbounded.Load())
	}
}

// TestListsOutliveTheLaunchpadParameter: a setting that stops the sync stops no read.
func TestListsOutliveTheLaunchpadParameter(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil)
	b.Catalog.Launchpads = func(context.Context) ([]token.LaunchpadID, error) { return nil, token.ErrNoLaunchpadID }
	c := newAPI(t, b, uncached)
	if got := c.list("/v1/tokens"); len(got.Data) != 0 {
		t.Errorf("before any sync: %d tokens", len(got.Data))
	}
	fill(t, b, apitest.Tokens(10, apitest.First))
	if got := c.list("/v1/tokens"); len(got.Data) != 10 {
		t.Errorf("after a sync: %d tokens, want 10", len(got.Data))
	}
	if got := c.once("/v1/health").StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("health: status %d", got)
	}
}

func TestUnprocessedKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	f := &faulty{unprocessed: 3}
	c := newAPI(t, withFaults(t, f), uncached)
	asked := []string{}
	for i := range 50 {
		asked = append(asked, apitest.Mint(i))
	}
	if got := c.list("/v1/tokens?mints=" + strings.Join(asked, ",")); len(got.Data) != 50 {
		t.Errorf("%d tokens, want 50", len(got.Data))
	}
	f.unprocessed = 1 << 30
	response := c.once("/v1/tokens?mints=" + apitest.Mint(999)) // which the board does not have
	if response.StatusCode != http.StatusServiceUnavailable || f.unbounded.Load() != 0 {
		t.Errorf("never processed: status %d, %d reads without a bound", response.StatusCode, f.unbounded.Load())
	}
}

func TestPanicIsAProblemAndALoggedStack(t *testing.T) {
	t.Parallel()
	for _, caching := range []httpapi.Caching{uncached, httpapi.DefaultCaching} {
		f := &faulty{}
		b := withFaults(t, f)
		f.panics = true
		var log bytes.Buffer
		c := newClient(t, httpapi.New(b.Catalog, caching, slog.New(slog.NewJSONHandler(&log, nil))).Handler(httpapi.Functions()...))
		response := c.once("/v1/stats")
		if p := problem(t, response); p.Status != http.StatusInternalServerError || strings.Contains(p.Detail, "bug") {
			t.Errorf("problem %+v", p)
		}
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%v in %s", err, log.String())
		}
		if !strings.Contains(line["error"].(string), "a bug in the store") || !strings.Contains(log.String(), "faults_test.go") {
			t.Errorf("logged %s", log.String())
		}
		f.panics = false
		if got := c.once("/v1/stats").StatusCode; got != http.StatusOK {
			t.Errorf("afterwards: status %d", got)
		}
	}
}

// TestClientGoesAway: the answer that others wait for is read all the same.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := httptest.NewRecorder()
	newAPI(t, b, httpapi.DefaultCaching).handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, "GET", "/v1/tokens", nil))
	if recorder.Code != http.StatusOK {
		t.Errorf("status %d", recorder.Code)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		harm   func(t *testing.T, b *apitest.Backend, now time.Time)
		failed string // the checks that fail
	}{
		{"healthy", func(*testing.T, *apitest.Backend, time.Time) {}, ""},
		{"no launchpad ID", func(_ *testing.T, b *apitest.Backend, _ time.Time) {
			b.Catalog.Launchpads = func(context.Context) ([]token.LaunchpadID, error) { return nil, token.ErrNoLaunchpadID }
		}, "launchpad_id"},
		{"table is gone", func(_ *testing.T, b *apitest.Backend, _ time.Time) {
			b.Catalog.Items = dynamo.NewTokensTable(engine.Client(), "no-such-table")
		}, "table"},
		{"board is gone", func(_ *testing.T, b *apitest.Backend, _ time.Time) {
			b.Catalog.Boards = dynamo.NewBoardReader(engine.Client(), "no-such-table")
		}, "board"},
		{"stale", func(_ *testing.T, b *apitest.Backend, _ time.Time) { b.Catalog.Interval = time.Millisecond }, "sync board"},
		{"only failed runs since", func(t *testing.T, b *apitest.Backend, now time.Time) {
			b.Catalog.Interval = 3 * time.Minute // the success is 10 minutes old
			for i := range 3 {
				saveRun(t, b, syncrun.Record{RunID: "f", Status: syncrun.Failed, StartedAt: now.Add(time.Duration(-i) * time.Second)})
			}
		}, "sync board"},
		{"a success among failures", func(t *testing.T, b *apitest.Backend, now time.Time) {
			b.Catalog.Interval = 4 * time.Minute
			saveRun(t, b, syncrun.Record{RunID: "f", Status: syncrun.Failed, StartedAt: now})
		}, ""},
		{"breaker open", func(t *testing.T, b *apitest.Backend, now time.Time) {
			open := syncrun.Breaker{Product: token.DLMM, CoolDown: time.Hour, RetryAt: now.Add(time.Hour)}
			if err := b.Sync.SaveBreaker(t.Context(), syncrun.Breaker{}, open); err != nil {
				t.Fatal(err)
			}
		}, "breakers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, now := newBackend(t, nil, apitest.First), time.Now()
			b.Catalog.Interval = time.Hour
			if err := b.Fill(t.Context(), apitest.Tokens(1, apitest.First), now.Add(-10*time.Minute)); err != nil {
				t.Fatal(err)
			}
			test.harm(t, b, now)
			checkHealth(t, newAPI(t, b, uncached), test.failed)
		})
	}
}

func saveRun(t *testing.T, b *apitest.Backend, run syncrun.Record) {
	t.Helper()
	if err := b.Sync.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
}

func checkHealth(t *testing.T, c *client, failed string) {
	t.Helper()
	response := c.once("/v1/health")
	var got struct {
		Status string
		Checks map[string]struct{ Status, Detail string }
	}
	if err := json.Unmarshal([]byte(readAll(t, response)), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"launchpad_id", "table", "board", "sync", "breakers"} {
		want := "pass"
		if slices.Contains(strings.Fields(failed), name) {
			want = "fail"
		}
		if got.Checks[name].Status != want {
			t.Errorf("%s: %+v, want %s", name, got.Checks[name], want)
		}
	}
	want := http.StatusOK
	if failed != "" {
		want = http.StatusServiceUnavailable
	}
	if response.StatusCode != want || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, Cache-Control %q", response.StatusCode, response.Header.Get("Cache-Control"))
	}
}

func TestHealthWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	f := &faulty{}
	c := newAPI(t, withFaults(t, f), uncached)
	f.hang = true
	response := c.once("/v1/health")
	body := readAll(t, response)
	if response.StatusCode != http.StatusServiceUnavailable || f.unbounded.Load() != 0 {
		t.Errorf("status %d, %d reads without a bound", response.StatusCode, f.unbounded.Load())
	}
	if !strings.Contains(body, `"table":{"status":"fail"`) || !strings.Contains(body, `"launchpad_id":{"status":"pass"`) {
		t.Errorf("body %s", body)
	}
}
