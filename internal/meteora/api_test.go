package meteora_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"tokensync/internal/meteora"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// An api is a small Data API of a world of rows, with habits of its own.
type api struct {
	mu       sync.Mutex
	rows     []apiRow
	dialect  string                              // how lists are joined: "," or "|"; "" takes none; "ignored" answers every pool whatever is asked
	noPath   bool                                // GET /pools/{address} is not there
	noSingle bool                                // a single value in a filter finds nothing
	maxList  int                                 // a longer list is a 400; 0 is no limit
	cutList  int                                 // how many pools of a list come at most; 0 is no limit
	size     int                                 // rows a page, whatever is asked; 0 is as asked
	depth    int                                 // the last page that is given; 0 is all of them
	deep     string                              // what comes after it: "400" or "empty"
	unsorted bool                                // sort_by is ignored
	answer   func(page int, body map[string]any) // changes an answer
	requests []string                            // what was asked, decoded
}

// An apiRow is a pool.
type apiRow struct {
	address, x, y, launchpad string
	created                  int64
}

func (r apiRow) data() map[string]any {
	return map[string]any{
		"address": r.address, "launchpad": r.launchpad, "created_at": r.created,
		"token_x": map[string]any{"address": r.x, "symbol": "X"}, "token_y": map[string]any{"address": r.y, "symbol": "Y", "price": 2},
	}
}

func (r apiRow) v1() map[string]any {
	return map[string]any{
		"pool_address": r.address, "launchpad": r.launchpad, "created_at": r.created / 1000,
		"pool_token_mints": []string{r.x, r.y},
	}
}

// key returns the n-th public key of a kind.
func key(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return base58.Encode(sum[:])
}

const born = int64(1_770_000_000_000)

// newRows returns n pools, one every two minutes; every third is of pad, every fifth has its token as token_y.
func newRows(n int) []apiRow {
	rows := make([]apiRow, n)
	for i := range rows {
		mint := key("mint", i)
		rows[i] = apiRow{address: key("pool", i), x: mint, y: token.SOL, created: born + int64(i)*120_000}
		if i%5 == 0 {
			rows[i].x, rows[i].y = token.SOL, mint
		}
		if i%3 == 0 {
			rows[i].launchpad = "pad"
		}
	}
	return rows
}

func (a *api) start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return server.URL
}

func (a *api) set(change func(*api)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// asked returns what was asked since the last call.
func (a *api) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.requests = nil }()
	return a.requests
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := r.URL.Query()
	a.requests = append(a.requests, cmp.Or(q.Get("filter_by"), strings.Join(q["address"], "&"), r.URL.Path))
	address, one := strings.CutPrefix(r.URL.Path, "/pools/")
	switch {
	case r.URL.Path == "/pools/search":
		a.search(w, r)
	case one:
		a.single(w, address)
	case q.Has("address"):
		a.array(w, q["address"])
	default:
		a.page(w, r)
	}
}

func (a *api) single(w http.ResponseWriter, address string) {
	i := slices.IndexFunc(a.rows, func(r apiRow) bool { return r.address == address })
	if i < 0 || a.noPath {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	reply(w, a.rows[i].data())
}

func (a *api) array(w http.ResponseWriter, addresses []string) {
	rows := []map[string]any{}
	for _, r := range a.rows {
		if slices.Contains(addresses, r.address) && (a.dialect != "" || len(addresses) == 1) {
			rows = append(rows, r.v1())
		}
	}
	reply(w, rows)
}

func (a *api) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("size"))
	rows := slices.Clone(a.rows)
	switch pads := q["launchpad"]; {
	case len(pads) == 0 || a.dialect == "ignored":
	case a.dialect == "400":
		w.WriteHeader(http.StatusBadRequest)
		return
	default:
		rows = slices.DeleteFunc(rows, func(r apiRow) bool { return a.dialect == "" || !slices.Contains(pads, r.launchpad) })
	}
	data := []map[string]any{}
	for _, r := range rows[min(page*size, len(rows)):min((page+1)*size, len(rows))] {
		data = append(data, r.v1())
	}
	body := map[string]any{"data": data, "page": page, "total_count": len(rows)}
	if a.answer != nil {
		a.answer(page, body)
	}
	reply(w, body)
}

func (a *api) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("page_size"))
	size = cmp.Or(a.size, size)
	rows, ok := a.filter(q.Get("filter_by"))
	if !ok || a.depth > 0 && page > a.depth && a.deep == "400" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(q.Get("sort_by"), ":desc") && !a.unsorted {
		slices.Reverse(rows)
	}
	from := min((page-1)*size, len(rows))
	data := []map[string]any{}
	for _, r := range rows[from:min(from+size, len(rows))] {
		data = append(data, r.data())
	}
	if a.depth > 0 && page > a.depth {
		data = nil
	}
	body := map[string]any{"total": len(rows), "pages": (len(rows) + size - 1) / size, "current_page": page, "page_size": size, "data": data}
	if data == nil {
		body["data"] = []int{}
	}
	if a.answer != nil {
		a.answer(page, body)
	}
	reply(w, body)
}

// filter returns the rows that a filter chooses; ok is false when it is not taken.
func (a *api) filter(filter string) (rows []apiRow, ok bool) {
	rows = slices.Clone(a.rows)
	if a.unsorted {
		slices.SortFunc(rows, func(a, b apiRow) int { return strings.Compare(a.address[2:], b.address[2:]) })
	}
	field, value, given := strings.Cut(filter, "=")
	if !given || a.dialect == "ignored" {
		return rows, true
	}
	values := []string{value}
	if list, ok := strings.CutPrefix(value, "["); ok {
		values = nil
		if a.dialect != "" {
			values = strings.Split(strings.TrimSuffix(list, "]"), a.dialect)
		}
	} else if a.noSingle {
		values = nil
	}
	if a.maxList > 0 && len(values) > a.maxList {
		return nil, false
	}
	rows = slices.DeleteFunc(rows, func(r apiRow) bool {
		return !slices.Contains(values, map[string]string{"pool_address": r.address, "token_x": r.x, "token_y": r.y}[field])
	})
	if a.cutList > 0 {
		rows = rows[:min(a.cutList, len(rows))]
	}
	return rows, true
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// clientOf returns a quick client that keeps what it learns in cache; nil keeps it in the client.
func clientOf(t *testing.T, product token.Product, url string, cache meteora.Cache) *meteora.Client {
	t.Helper()
	c, err := meteora.NewClient(meteora.Options{
		Product: product, BaseURL: url, Rate: 1e6, Cache: cache, UserAgent: "tokensync/test",
		Retry: meteora.Retry{Attempts: 3, Budget: 20, Base: time.Millisecond, Max: time.Millisecond, Patience: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// addresses returns those of the pools that come, sorted, each once, and the stream's error.
func addresses(pools func(func(token.Pool, error) bool)) (found []string, err error) {
	for p, failed := range pools {
		if failed != nil {
			err = failed
			continue
		}
		found = append(found, p.Address)
	}
	slices.Sort(found)
	return slices.Compact(found), err
}

// names returns the addresses of some rows, sorted.
func names(rows []apiRow, which func(i int) bool) []string {
	var found []string
	for i, r := range rows {
		if which(i) {
			found = append(found, r.address)
		}
	}
	slices.Sort(found)
	return found
}

func isOurs(i int) bool { return i%3 == 0 }

// hasNote reports whether a note holds text.
func hasNote(stats *syncrun.Counts, text string) bool {
	return slices.ContainsFunc(stats.Notes(), func(note string) bool { return strings.Contains(note, text) })
}
