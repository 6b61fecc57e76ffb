package meteoratest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// noLimits switches every rate limit off.
var noLimits = map[string]float64{DLMM: 0, DAMMv2: 0, DAMMv1: 0, DBCList: 0}

// small returns a world that is quick to read as a whole.
func small() Config { return Config{Pools: 5000, Ours: 512, RateLimit: noLimits} }

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s := New(cfg)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// client has no connections in common with other tests.
func client(t *testing.T, gzip bool) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableCompression: !gzip}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get reads an answer; err is the body's.
func get(t *testing.T, c *http.Client, address string) (resp *http.Response, text []byte, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err = c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	return resp, text, err
}

type page struct {
	Total       int   `json:"total"`
	Pages       int   `json:"pages"`
	CurrentPage int   `json:"current_page"`
	PageSize    int   `json:"page_size"`
	Data        []row `json:"data"`
}

type side struct {
	Address  *string  `json:"address"`
	Name     string   `json:"name"`
	Symbol   string   `json:"symbol"`
	Decimals int      `json:"decimals"`
	Price    *float64 `json:"price"`
}

type row struct {
	Address     *string            `json:"address"`
	Name        string             `json:"name"`
	X           side               `json:"token_x"`
	Y           side               `json:"token_y"`
	CreatedAt   int64              `json:"created_at"`
	TVL         float64            `json:"tvl"`
	Price       *float64           `json:"current_price"`
	APY         float64            `json:"apy"`
	Volume      map[string]float64 `json:"volume"`
	Blacklisted bool               `json:"is_blacklisted"`
	Launchpad   *string            `json:"launchpad"`
	Tags        []string           `json:"tags"`
	Cumulative  map[string]float64 `json:"cumulative_metrics"`
}

func (r row) launchpad() string {
	if r.Launchpad == nil {
		return ""
	}
	return *r.Launchpad
}

func (r row) mint() string {
	switch *r.X.Address {
	case mintSOL, mintUSDC, mintUSDT:
		switch *r.Y.Address {
		case mintSOL, mintUSDC, mintUSDT:
		default:
			return *r.Y.Address
		}
	}
	return *r.X.Address
}

// createdMS undoes the spelling of created_at in seconds.
func (r row) createdMS() int64 {
	if r.CreatedAt < 1e11 {
		return r.CreatedAt * 1000
	}
	return r.CreatedAt
}

func getPage(t *testing.T, c *http.Client, base string, params ...string) page {
	t.Helper()
	resp, text, err := get(t, c, base+"/pools?"+query(params...))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v: status %d, %v, %.200s", params, resp.StatusCode, err, text)
	}
	var p page
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatalf("%v: %v", params, err)
	}
	return p
}

// query makes a query string of names and values in turn.
func query(params ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Add(params[i], params[i+1])
	}
	return q.Encode()
}

// readAll reads every page of a product.
func readAll(t *testing.T, s *Server, product string, params ...string) []row {
	t.Helper()
	c := client(t, true)
	var rows []row
	for n := 1; ; n++ {
		p := getPage(t, c, s.URL(product), append(params, "page", strconv.Itoa(n), "page_size", "1000")...)
		rows = append(rows, p.Data...)
		if len(p.Data) == 0 {
			return rows
		}
	}
}

func addresses(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(*r.Address + ",")
	}
	return strings.TrimSuffix(b.String(), ",")
}
