package ingest_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestReports are bugs that people reported of programs like this one, as its record and its lists show them: a first run
// is good, the second meets the fault, and whatever that is, no token is lost, delisted or taken out of the lists.
func TestReports(t *testing.T) {
	t.Parallel()
	type fault = meteoratest.Fault
	onLookups := func(f fault) meteoratest.FaultFunc {
		return func(r meteoratest.Request) *fault {
			if r.HTTP.URL.Query().Has("filter_by") {
				return &f
			}
			return nil
		}
	}
	always := meteoratest.Always
	for name, tt := range map[string]struct {
		fault    meteoratest.FaultFunc
		mode     string
		status   syncrun.Status
		says     string // in the product's error or notes
		invalid  int64
		requests int64 // at most; 0 is any number
	}{
		"a byte order mark":                  {always(fault{BOM: true}), "full", "succeeded", "", 0, 0},
		"zeros after the body":               {always(fault{Zeros: 512}), "full", "succeeded", "", 0, 0},
		"pages is rounded down":              {always(fault{PagesDown: true}), "full", "succeeded", "", 0, 0},
		"NaN in rows of the first page":      {meteoratest.OnPage(meteoratest.DLMM, 1, fault{NaN: 2}), "full", "succeeded", "", 0, 0},
		"rows without an address":            {always(fault{NoAddress: 3}), "full", "succeeded", "", 6, 0},
		"the same page for ever":             {always(fault{NoPageNumbers: true, SamePage: true}), "full", "failed", "page_size", 0, 12},
		"a page_size of its own":             {always(fault{PageSize: 10}), "full", "failed", "page_size", 0, 12},
		"look-ups by a page_size of its own": {onLookups(fault{PageSize: 2}), "refresh", "succeeded", "", 0, 0},
		"look-ups that find nothing":         {onLookups(fault{Empty: true}), "refresh", "partial", "are not found", 0, 0},
		"HTML for good":                      {always(fault{Status: 200, ContentType: "text/html", Body: "<html>"}), "full", "failed", "text/html", 0, 2},
		"Brotli for good":                    {always(fault{Encoding: "br"}), "full", "failed", "br", 0, 2},
		"zstd for good":                      {always(fault{Encoding: "zstd"}), "full", "failed", "zstd", 0, 2},
		"520 once":                           {meteoratest.Times(1, always(fault{Status: 520})), "full", "succeeded", "", 0, 0},
		"524 once":                           {meteoratest.Times(1, always(fault{Status: 524})), "full", "succeeded", "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run()
			before := w.listed()
			w.fake.SetFault(tt.fault)
			run := w.runAs(tt.mode)
			p := run.Products[0]
			if run.Status != tt.status || !strings.Contains(p.Error+strings.Join(p.Notes, "\n"), tt.says) {
				t.Errorf("%s: %s, notes %q", run.Status, p.Error, p.Notes)
			}
			if run.PoolsInvalid < tt.invalid || tt.requests > 0 && run.UpstreamRequests > tt.requests {
				t.Errorf("%d invalid pools, %d requests", run.PoolsInvalid, run.UpstreamRequests)
			}
			if after := w.listed(); len(after) != len(before) || run.TokensDelisted != 0 {
				t.Errorf("%d tokens listed, %d before; %d delisted, delisting %s", len(after), len(before), run.TokensDelisted, run.Delisting)
			}
			w.fake.SetFault(nil)
			if run := w.run(); run.Status != syncrun.Succeeded || run.TokensUpdated+run.TokensNew+run.TokensDelisted != 0 {
				t.Errorf("the run after it: %+v", run)
			}
		})
	}
}

// TestWrongSettings are not empty markets: a launchpad ID as people paste it ends the run before anybody is asked.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/launchpad-values.json")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	if err := json.Unmarshal(text, &values); err != nil || len(values) < 9 {
		t.Fatal(err, len(values))
	}
	for _, value := range values {
		w := newWorld(t)
		w.ids = value
		run := w.run()
		if run.Status != syncrun.Failed || run.Error == "" || w.fake.Stats("dlmm").Requests != 0 || len(w.tokens()) != 0 {
			t.Errorf("%q: %+v", value, run)
		}
	}
}

// TestTruncatedLookup: five of the listed pools are not in a scan, and the look-up by address answers two of them, by a
// page size of its own. The other three prove nothing.
func TestTruncatedLookup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	before := w.listed()
	w.fake.SetFault(func(r meteoratest.Request) *meteoratest.Fault {
		if r.HTTP.URL.Query().Has("filter_by") {
			return &meteoratest.Fault{PageSize: 2}
		}
		if strings.HasPrefix(r.Path, "/pools/") {
			return &meteoratest.Fault{Status: 500}
		}
		return &meteoratest.Fault{Shift: 40} // repeats some rows and leaves others out
	})
	for range 2 {
		if run := w.run(); run.TokensDelisted != 0 {
			t.Errorf("%+v", run)
		}
	}
	if after := w.listed(); len(after) != len(before) {
		t.Errorf("%d tokens listed, %d before", len(after), len(before))
	}
	for mint, tok := range w.tokens() {
		if tok.Status != token.Listed {
			t.Errorf("%s is %s", mint, tok.Status)
		}
	}
}
