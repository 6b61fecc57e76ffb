package meteoratest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// faulty starts a small server whose every answer has the fault.
func faulty(t *testing.T, f Fault) *Server {
	t.Helper()
	cfg := small()
	cfg.Fault = Always(f)
	return start(t, cfg)
}

const somePage = "/pools?page=2&page_size=500&sort_by=pool_created_at:asc"

func TestFaultsInsteadOfAnAnswer(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC).Format(http.TimeFormat)
	for name, f := range map[string]Fault{
		"429 in seconds": {Status: 429, RetryAfter: "1"},
		"429 by date":    {Status: 429, RetryAfter: date},
		"429 alone":      {Status: 429},
		"500":            {Status: 500, Body: "Internal Server Error"},
		"redirect":       {Status: 302, Location: "https://example.com/"},
		"HTML":           {Status: 200, ContentType: "text/html", Body: "<html>maintenance</html>"},
		"banned":         Cloudflare(1010),
		"too many":       Cloudflare(1015),
		"forbidden":      Cloudflare(1020),
		"origin is down": Cloudflare(521),
		"challenge":      Challenge(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, text, err := get(t, client(t, true), faulty(t, f).URL(DLMM)+somePage)
			if err != nil || resp.StatusCode != f.Status || string(text) != f.Body {
				t.Errorf("%d %q %v", resp.StatusCode, text, err)
			}
			h := resp.Header
			if h.Get("Retry-After") != f.RetryAfter || h.Get("Location") != f.Location || (f.ContentType != "" && h.Get("Content-Type") != f.ContentType) {
				t.Errorf("headers %v", h)
			}
			for name, value := range f.Header {
				if h.Get(name) != value {
					t.Errorf("%s: %q, want %q", name, h.Get(name), value)
				}
			}
		})
	}
}

func TestFaultsOfTheBody(t *testing.T) {
	t.Parallel()
	_, whole, err := get(t, client(t, true), start(t, small()).URL(DLMM)+somePage)
	if err != nil {
		t.Fatal(err)
	}
	const after = 100_000
	for name, tt := range map[string]struct {
		fault Fault
		gzip  bool
		check func(text []byte, err error) bool
	}{
		"reset":             {Fault{Cut: Reset, After: after}, false, func(_ []byte, err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		"reset gzip":        {Fault{Cut: Reset, After: after}, true, func(_ []byte, err error) bool { return err != nil }},
		"truncated":         {Fault{Cut: Truncate, After: after}, false, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole[:after]) }},
		"truncated gzip":    {Fault{Cut: Truncate, After: after}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole[:after]) }},
		"truncated at once": {Fault{Cut: Truncate}, true, func(b []byte, err error) bool { return err == nil && len(b) == 0 }},
		"truncated at last": {Fault{Cut: Truncate, After: int64(len(whole)) - 1}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole[:len(whole)-1]) }},
		"truncated wire":    {Fault{Cut: TruncateWire, After: after}, false, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole[:after]) }},
		"truncated wire, gzip": {Fault{Cut: TruncateWire, After: after}, true, func(b []byte, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && bytes.Equal(b, whole[:after])
		}},
		"corrupt": {Fault{Cut: Corrupt, After: after}, true, func(b []byte, err error) bool {
			return err == nil && !json.Valid(b) && b[after] == 0 && len(b) == len(whole)
		}},
		"corrupt wire": {Fault{Cut: CorruptWire, After: 20}, false, func(b []byte, err error) bool {
			return err == nil && b[20] == whole[20]^0x10 && bytes.Equal(b[21:], whole[21:])
		}},
		"corrupt wire, gzip":    {Fault{Cut: CorruptWire, After: 50_000}, true, func(b []byte, err error) bool { return err != nil || !bytes.Equal(b, whole) }},
		"cut past the end":      {Fault{Cut: Reset, After: 1 << 40}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole) }},
		"stall, then the rest":  {Fault{Cut: Stall, After: after, Pause: 50 * time.Millisecond}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole) }},
		"delay":                 {Fault{Delay: 50 * time.Millisecond}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole) }},
		"spaces are still JSON": {Fault{Spaces: 3 << 20}, true, func(b []byte, err error) bool { return err == nil && json.Valid(b) && len(b) == len(whole)+3<<20 }},
		"byte order mark":       {Fault{BOM: true}, true, func(b []byte, err error) bool { return err == nil && string(b) == "\ufeff"+string(whole) }},
		"a false label":         {Fault{Encoding: "zstd"}, true, func(b []byte, err error) bool { return err == nil && bytes.Equal(b, whole) }},
		"zeros after JSON": {Fault{Zeros: 7}, false, func(b []byte, err error) bool {
			return err == nil && string(b) == string(whole)+strings.Repeat("\x00", 7)
		}},
		"zeros after gzip": {Fault{Zeros: 7}, true, func(_ []byte, err error) bool {
			return errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF)
		}},
		"huge name": {Fault{HugeName: 10 << 20}, true, func(b []byte, err error) bool { return err == nil && json.Valid(b) && len(b) == len(whole)+10<<20 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, text, err := get(t, client(t, tt.gzip), faulty(t, tt.fault).URL(DLMM)+somePage)
			if !tt.check(text, err) {
				t.Errorf("%d bytes of %d, %v", len(text), len(whole), err)
			}
			if wait := tt.fault.Pause + tt.fault.Delay; time.Since(began) < wait {
				t.Errorf("took %v, less than %v", time.Since(began), wait)
			}
		})
	}
}

func TestFaultsOfTheContent(t *testing.T) {
	t.Parallel()
	plain := getPage(t, client(t, true), start(t, small()).URL(DLMM), "page", "2", "page_size", "500", "sort_by", "pool_created_at:asc")
	for name, tt := range map[string]struct {
		fault Fault
		check func(p page) bool
	}{
		"wrong total": {Fault{TotalDelta: -7}, func(p page) bool { return p.Total == 4993 && p.Pages == 10 && len(p.Data) == 500 }},
		"pages down":  {Fault{PagesDown: true, PageSize: 999}, func(p page) bool { return p.Total == 5000 && p.Pages == 5 && len(p.Data) == 999 }},
		"no page numbers": {Fault{NoPageNumbers: true}, func(p page) bool {
			return p.Total == 5000 && p.Pages == 0 && p.CurrentPage == 0 && p.PageSize == 0 && *p.Data[0].Address == *plain.Data[0].Address
		}},
		"the same page": {Fault{SamePage: true}, func(p page) bool {
			return p.CurrentPage == 1 && p.Data[499].createdMS() <= plain.Data[0].createdMS()+1000
		}},
		"wrong page size": {Fault{PageSize: 10}, func(p page) bool { return p.PageSize == 10 && p.Pages == 500 && len(p.Data) == 10 }},
		"empty":           {Fault{Empty: true}, func(p page) bool { return p.Total == 5000 && len(p.Data) == 0 }},
		"duplicates":      {Fault{Shift: 3}, func(p page) bool { return len(p.Data) == 500 && *p.Data[3].Address == *plain.Data[0].Address }},
		"no address": {Fault{NoAddress: 3}, func(p page) bool {
			return p.Data[0].Address == nil && p.Data[1].Address == nil && *p.Data[2].Address == "" && *p.Data[3].Address == *plain.Data[3].Address
		}},
		"no mint": {Fault{NoMint: 400}, func(p page) bool {
			missing := 0
			for _, r := range p.Data {
				if r.X.Address == nil || r.Y.Address == nil {
					missing++
				}
			}
			return missing > 390 && missing <= 400 // a pool of two quotes keeps them
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := getPage(t, client(t, true), faulty(t, tt.fault).URL(DLMM), "page", "2", "page_size", "500", "sort_by", "pool_created_at:asc")
			if !tt.check(p) {
				p.Data = p.Data[:min(3, len(p.Data))]
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestStallUntilTheClientGivesUp(t *testing.T) {
	t.Parallel()
	s := faulty(t, Fault{Cut: Stall, After: 1000})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(DLMM)+somePage, nil)
	resp, err := client(t, true).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) || len(text) > 0 {
		t.Errorf("%d bytes more, %v", len(text), err)
	}
}

func TestCloseEndsStalledAnswers(t *testing.T) {
	t.Parallel()
	s := faulty(t, Fault{Cut: Stall, After: 1000})
	time.AfterFunc(50*time.Millisecond, func() { s.Close() })
	if _, _, err := get(t, client(t, false), s.URL(DLMM)+somePage); err == nil {
		t.Error("no error")
	}
}

// TestGzipBomb reads 128 MiB of spaces; the answer takes about one MB on the wire.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	s := faulty(t, Fault{Spaces: 128 << 20})
	resp, err := client(t, true).Get(s.URL(DLMM) + "/pools")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n < 128<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	s.Close()
	if wire := s.Stats(DLMM).WireBytes; wire > 2<<20 {
		t.Errorf("%d bytes on the wire", wire)
	}
}

func TestTruncateLeavesSoundGzip(t *testing.T) {
	t.Parallel()
	s := faulty(t, Fault{Cut: Truncate, After: 5000})
	req := httptest.NewRequest(http.MethodGet, "/dlmm"+somePage, nil)
	req.Header.Set("Accept-Encoding", "br, gzip")
	req.Header.Set("User-Agent", "test")
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	gz, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(gz); err != nil || len(text) != 5000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestFaultFuncs(t *testing.T) {
	t.Parallel()
	f := FirstOf(
		OnPage(DLMM, 3, Fault{Status: 503}),
		Times(2, OnPage(DLMM, 4, Fault{Status: 500})),
		OnRequest(DAMMv2, 2, Fault{Status: 429}),
		OnProduct(DAMMv1, Fault{Status: 404}),
	)
	for i, tt := range []struct {
		r    Request
		want int
	}{
		{Request{Product: DLMM, Page: 1}, 0},
		{Request{Product: DLMM, Page: 3}, 503},
		{Request{Product: DAMMv2, Page: 3, N: 1}, 0},
		{Request{Product: DLMM, Page: 4}, 500},
		{Request{Product: DLMM, Page: 4}, 500},
		{Request{Product: DLMM, Page: 4}, 0},
		{Request{Product: DAMMv2, Page: 3, N: 2}, 429},
		{Request{Product: DAMMv1, N: 1}, 404},
	} {
		got := 0
		if fault := f(tt.r); fault != nil {
			got = fault.Status
		}
		if got != tt.want {
			t.Errorf("request %d: %d, want %d", i, got, tt.want)
		}
	}
}

func TestRandomFaults(t *testing.T) {
	t.Parallel()
	f, again := RandomFaults(1, 0.1), RandomFaults(1, 0.1)
	kinds, n := map[string]int{}, 0
	for i := range 10_000 {
		r := Request{Product: DLMM, N: i}
		a, b := f(r), again(r)
		if (a == nil) != (b == nil) || (a != nil && (a.Status != b.Status || a.Cut != b.Cut || a.After != b.After)) {
			t.Fatalf("request %d: %+v and %+v", i, a, b)
		}
		if a != nil {
			n++
			kinds[http.StatusText(a.Status)+strings.Repeat("x", int(a.Cut))]++
		}
	}
	if n < 900 || n > 1100 || len(kinds) != 7 {
		t.Errorf("%d of 10000: %v", n, kinds)
	}
	if RandomFaults(1, 0)(Request{Product: DLMM}) != nil || RandomFaults(1, 1)(Request{Product: DLMM}) == nil {
		t.Error("0 is not never, or 1 is not always")
	}
}

// TestNamelessClientsAreRefused: by the live servers, always.
func TestNamelessClientsAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	for agent, want := range map[string]int{
		"": 403, "python-requests/2.32.3": 403, "Python-urllib/3.13": 403, "Python/3.12 aiohttp/3.10": 403,
		"tokensync/1.0": 200, "curl/8.5.0": 200, "Go-http-client/1.1": 200, "monty-python": 200,
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(DAMMv2)+"/pools", nil)
		req.Header.Set("User-Agent", agent)
		resp, err := client(t, false).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || (want == 403) != (string(text) == "error code: 1010") {
			t.Errorf("%q: %d %.50s", agent, resp.StatusCode, text)
		}
	}
}

func TestRowsWithNaN(t *testing.T) {
	t.Parallel()
	s := faulty(t, Fault{NaN: 2})
	for _, path := range []string{s.URL(DLMM) + somePage, s.URL(DAMMv2) + somePage, s.URL(DAMMv1) + "/pools/search?page=0&size=9"} {
		_, text, err := get(t, client(t, true), path)
		mended := bytes.ReplaceAll(text, []byte(":NaN,"), []byte(":0,"))
		if n := bytes.Count(text, []byte(":NaN,")); err != nil || n != 2 || json.Valid(text) || !json.Valid(mended) {
			t.Errorf("%s: %d NaN, %v", path, n, err)
		}
	}
}

// TestDrip reads bytes that come one by one until it has had enough.
func TestDrip(t *testing.T) {
	t.Parallel()
	for _, gzip := range []bool{false, true} {
		s := faulty(t, Fault{Drip: 2 * time.Millisecond})
		resp, err := client(t, gzip).Get(s.URL(DLMM) + somePage)
		if err != nil {
			t.Fatal(err)
		}
		first, began := make([]byte, 40), time.Now()
		if _, err := io.ReadFull(resp.Body, first); err != nil || !bytes.HasPrefix(first, []byte(`{"total":5000`)) || time.Since(began) < 30*2*time.Millisecond {
			t.Errorf("%s in %v, %v", first, time.Since(began), err)
		}
		resp.Body.Close()
	}
}

// TestBrotli compares with streams that a Brotli decoder has read: the answer is one whatever the client accepts.
func TestBrotli(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "3b", "hello": "0b028068656c6c6f03"} {
		var b bytes.Buffer
		w := &brotli{w: &b}
		if text != "" {
			w.Write([]byte(text))
		}
		w.Close()
		if got := hex.EncodeToString(b.Bytes()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	s := faulty(t, Fault{Encoding: "br"})
	resp, stream, err := get(t, client(t, true), s.URL(DLMM)+somePage)
	if err != nil || resp.Header.Get("Content-Encoding") != "br" || json.Valid(stream) || !bytes.Contains(stream, []byte(`{"total":5000,`)) {
		t.Errorf("%v %.60q", err, stream)
	}
}

// TestRefusedRequests are the kinds of request that some servers do not answer.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	s := start(t, small())
	c := client(t, true)
	status := func(path string) int {
		t.Helper()
		resp, _, err := get(t, c, s.URL(DLMM)+path)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	s.SetFault(FirstOf(Beyond(DLMM, 3, Fault{Status: 400, Body: "page is too deep"}), LongURL(200, Fault{Status: 400})))
	for path, want := range map[string]int{
		"/pools?page=3&page_size=1000": 200, "/pools?page=4&page_size=1000": 400, "/pools?page=4&page_size=10&sort_by=tvl:desc": 400,
		"/pools?x=" + strings.Repeat("y", 150): 200, "/pools?x=" + strings.Repeat("y", 200): 400,
		"/pools/groups": 404, "/pools/groups/a-b": 404,
	} {
		if got := status(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if _, text, _ := get(t, c, s.URL(DLMM)+"/pools/groups"); string(text) != "Not Found" {
		t.Errorf("groups are taken for an address: %s", text)
	}
	s.SetFault(Beyond(DLMM, 3, Fault{Empty: true}))
	for n, want := range map[string]int{"3": 1000, "4": 0} {
		if p := getPage(t, c, s.URL(DLMM), "page", n, "page_size", "1000"); len(p.Data) != want || p.Pages != 5 {
			t.Errorf("page %s: %d rows of %d pages", n, len(p.Data), p.Pages)
		}
	}
	s.SetFault(Always(Fault{PageSize: 10})) // also for look-ups
	filter := "pool_address=[" + addresses(readAll(t, start(t, small()), DLMM, "sort_by", "pool_created_at:asc")[:25]) + "]"
	if p := getPage(t, c, s.URL(DLMM), "page_size", "1000", "filter_by", filter); len(p.Data) != 10 || p.Total != 25 || p.PageSize != 10 || p.Pages != 3 {
		t.Errorf("%d rows of %d, page_size %d, %d pages", len(p.Data), p.Total, p.PageSize, p.Pages)
	}
}
