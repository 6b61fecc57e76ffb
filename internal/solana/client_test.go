package solana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/syncrun"
	"tokensync/internal/upstream"
)

var (
	someProgram = MustKey("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN")
	quick       = upstream.Retry{Attempts: 3, Budget: 20, Base: time.Millisecond, Max: time.Second, Patience: 2 * time.Second}
)

// gathered keeps what a page held.
type gathered struct{ data []string }

func (g *gathered) Reset()         { g.data = nil }
func (g *gathered) Add(a *Account) { g.data = append(g.data, string(a.Data)) }

func newSession(t *testing.T, handler http.HandlerFunc) (*Session, *syncrun.Counts) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return sessionAt(t, server.URL)
}

func sessionAt(t *testing.T, url string) (*Session, *syncrun.Counts) {
	t.Helper()
	client, err := NewClient(Options{URL: url, Rates: Rates{1e6, 1e6, 1e6}, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	stats := new(syncrun.Counts)
	return client.NewSession(stats), stats
}

// account is an element of a program's accounts; data is given in base64.
func account(data string) string {
	return `{"pubkey":"` + someProgram.String() + `","account":{"lamports":1,"data":["` + data + `","base64"],"owner":"` +
		someProgram.String() + `","executable":false,"rentEpoch":18446744073709551615,"space":1}}`
}

func result(v string) string { return `{"jsonrpc":"2.0","result":` + v + `,"id":1}` }

func failure(code int, message string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","error":{"code":%d,"message":%q},"id":1}`, code, message)
}

// request is what a node is asked.
type request struct {
	method  string
	options map[string]any
}

func readRequest(t *testing.T, r *http.Request) request {
	t.Helper()
	var body struct {
		Method string `json:"method"`
		Params []any  `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Error(err)
	}
	options, _ := body.Params[1].(map[string]any)
	return request{body.Method, options}
}

func readAll(ctx context.Context, s *Session, q Query) (all []string, err error) {
	page := new(gathered)
	for err := range s.ProgramAccounts(ctx, q, page) {
		if err != nil {
			return all, err
		}
		all = append(all, page.data...)
	}
	return all, nil
}

func TestProgramAccountsInPages(t *testing.T) {
	t.Parallel()
	var asked []request
	s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, readRequest(t, r))
		switch len(asked) {
		case 1:
			io.WriteString(w, result(`{"accounts":[`+account("YQ==")+`],"paginationKey":"k1","totalResults":null}`))
		case 2: // a page may be empty although more follow
			io.WriteString(w, result(`{"context":{"slot":1},"value":{"accounts":[],"paginationKey":"k2"}}`))
		default:
			io.WriteString(w, result(`{"accounts":[`+account("Yg==")+`,`+account(`\/\/8=`)+`],"paginationKey":null}`))
		}
	})
	q := Query{
		Program: someProgram, Size: 424, Slice: Slice{Offset: 0, Length: 352}, ChangedSince: 7,
		Matches: []Match{{Offset: 0, Bytes: []byte{0xd5, 0xe0, 0x05, 0xd1, 0x62, 0x45, 0x77, 0x5c}}},
	}
	got, err := readAll(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "\xff\xff"}, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	want := func(extra map[string]any) request {
		options := map[string]any{
			"encoding": "base64", "commitment": "confirmed", "limit": 10000.0, "changedSinceSlot": 7.0,
			"dataSlice": map[string]any{"offset": 0.0, "length": 352.0},
			"filters": []any{
				map[string]any{"dataSize": 424.0},
				map[string]any{"memcmp": map[string]any{"offset": 0.0, "bytes": "cmrfVvtHrjd"}},
			},
		}
		maps.Copy(options, extra)
		return request{"getProgramAccountsV2", options}
	}
	wanted := []request{want(nil), want(map[string]any{"paginationKey": "k1"}), want(map[string]any{"paginationKey": "k2"})}
	if diff := cmp.Diff(wanted, asked, cmp.AllowUnexported(request{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestProgramAccountsWithoutPages(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w http.ResponseWriter){
		"method unknown":    func(w http.ResponseWriter) { io.WriteString(w, failure(-32601, "Method not found")) },
		"bad request":       func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) },
		"not in this plan":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"null beside error": func(w http.ResponseWriter) { io.WriteString(w, `{"result":null,"error":{"code":-32602}}`) },
	}
	for name, refuse := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var methods []string
			s, stats := newSession(t, func(w http.ResponseWriter, r *http.Request) {
				asked := readRequest(t, r)
				methods = append(methods, asked.method)
				if asked.method == "getProgramAccountsV2" {
					refuse(w)
					return
				}
				if asked.options["limit"] != nil {
					t.Error("getProgramAccounts was given a limit")
				}
				io.WriteString(w, result(`[`+account("YQ==")+`]`))
			})
			for range 2 { // the refusal is remembered
				got, err := readAll(t.Context(), s, Query{Program: someProgram})
				if diff := cmp.Diff([]string{"a"}, got); diff != "" || err != nil {
					t.Errorf("error %v, accounts (-want +got):\n%s", err, diff)
				}
			}
			want := []string{"getProgramAccountsV2", "getProgramAccounts", "getProgramAccounts"}
			if diff := cmp.Diff(want, methods); diff != "" || stats.Retries.Load() != 0 {
				t.Errorf("%d retries, methods (-want +got):\n%s", stats.Retries.Load(), diff)
			}
		})
	}
}

// TestRetry breaks the first answer in every way that passes: what came before the break must not count twice.
func TestRetry(t *testing.T) {
	t.Parallel()
	good := result(`{"accounts":[` + account("YQ==") + `,` + account("Yg==") + `],"paginationKey":null}`)
	tests := map[string]func(w http.ResponseWriter){
		"cut off":        func(w http.ResponseWriter) { io.WriteString(w, good[:len(good)-40]) },
		"busy":           func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"busy in words":  func(w http.ResponseWriter) { io.WriteString(w, failure(429, "Too many requests")) },
		"node is behind": func(w http.ResponseWriter) { io.WriteString(w, failure(-32005, "Node is behind by 42 slots")) },
		"no JSON":        func(w http.ResponseWriter) { io.WriteString(w, "upstream timed out") },
		"nothing":        func(http.ResponseWriter) {},
		"no result":      func(w http.ResponseWriter) { io.WriteString(w, `{"id":1}`) },
		"more behind":    func(w http.ResponseWriter) { io.WriteString(w, good+"{}") },
		"endless value": func(w http.ResponseWriter) {
			io.WriteString(w, `{"result":{"accounts":[{"pubkey":"`)
			for range 3 << 10 {
				io.WriteString(w, strings.Repeat("x", 1<<10))
			}
		},
		"gateway": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			s, stats := newSession(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n == 1 {
					spoil(w)
					return
				}
				io.WriteString(w, good)
			})
			got, err := readAll(t.Context(), s, Query{Program: someProgram})
			if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" || err != nil {
				t.Errorf("error %v, accounts (-want +got):\n%s", err, diff)
			}
			if stats.Retries.Load() != 1 {
				t.Errorf("%d retries", stats.Retries.Load())
			}
		})
	}
}

func everyAccount(a *answer) error {
	return a.accounts(func(int, *Account) error { return nil })
}

func TestEveryPrefixIsAnError(t *testing.T) {
	t.Parallel()
	whole := result(`{"accounts":[` + account("YQ==") + `],"paginationKey":null}`)
	for n := range len(whole) {
		var a answer
		a.reset(strings.NewReader(whole[:n]), methodScan)
		if err := a.read(everyAccount); err == nil {
			t.Fatalf("no error for %q", whole[:n])
		}
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	keys := make([]Key, 150)
	for i := range keys {
		keys[i] = Key{byte(i)}
	}
	var counts []int
	s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Params []json.RawMessage }
		var texts []string
		if json.NewDecoder(r.Body).Decode(&body) != nil || json.Unmarshal(body.Params[0], &texts) != nil {
			t.Error("bad request")
		}
		counts = append(counts, len(texts))
		values := make([]string, len(texts))
		for i := range values {
			values[i] = "null"
		}
		values[3] = `{"data":["YQ==","base64"],"owner":"` + someProgram.String() + `"}`
		values[4] = `{"data":["!","base64"],"owner":"` + Key{}.String() + `"}`
		values[5] = `{"data":["YQ==","base58"],"owner":"` + Key{}.String() + `"}`
		io.WriteString(w, result(`{"context":{"slot":1},"value":[`+strings.Join(values, ",")+`]}`))
	})
	got := map[int]Account{}
	err := s.Accounts(t.Context(), keys, Slice{Length: 10}, func(i int, a *Account) {
		c := *a
		c.Data = append([]byte(nil), a.Data...)
		got[i] = c
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]Account{}
	for _, from := range []int{0, 100} {
		want[from+3] = Account{Key: keys[from+3], Owner: someProgram, Space: -1, Data: []byte("a")}
		want[from+4] = Account{Key: keys[from+4], Space: -1}
		want[from+5] = Account{Key: keys[from+5], Space: -1}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{100, 50}, counts); diff != "" {
		t.Errorf("keys a request (-want +got):\n%s", diff)
	}
}

func TestAccountsCountIsChecked(t *testing.T) {
	t.Parallel()
	s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, result(`{"value":[null]}`))
	})
	err := s.Accounts(t.Context(), make([]Key, 2), Slice{}, func(int, *Account) {})
	if !errors.Is(err, upstream.ErrMalformed) {
		t.Errorf("error %v", err)
	}
}

// TestURLStaysSecret provokes every kind of failure and looks for the key in what it says.
func TestURLStaysSecret(t *testing.T) {
	t.Parallel()
	const secret = "f00d-5ecret-k3y"
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "key %s of %s is not valid for %s", secret, r.RequestURI, r.Host)
		}
	}
	handlers := map[string]http.HandlerFunc{
		"unauthorized": echo(http.StatusUnauthorized),
		"busy":         echo(http.StatusTooManyRequests),
		"RPC error": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, failure(-32000, "no credits left on "+r.RequestURI+" at "+r.Host))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example"+r.RequestURI, http.StatusTemporaryRedirect)
		},
		"broken line": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no JSON":     func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
	}
	check := func(t *testing.T, base, path string) {
		t.Helper()
		s, _ := sessionAt(t, base+path)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := readAll(ctx, s, Query{Program: someProgram})
		if err == nil {
			t.Fatal("no error")
		}
		host := strings.TrimPrefix(base, "http://")
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), secret) || strings.Contains(e.Error(), host) {
				t.Errorf("%T tells the secret: %v", e, e)
			}
		}
		var status *upstream.StatusError
		if errors.As(err, &status) && strings.Contains(status.Detail, secret) {
			t.Errorf("detail tells the secret: %s", status.Detail)
		}
	}
	for _, path := range []string{"/" + secret, "/v2/" + secret + "/", "/?api-key=" + secret} {
		for name, handler := range handlers {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(handler)
				server.Config.ErrorLog = nil
				t.Cleanup(server.Close)
				check(t, server.URL, path)
			})
		}
		t.Run("nobody listens"+path, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(nil)
			server.Close()
			check(t, server.URL, path)
		})
		t.Run("no such host"+path, func(t *testing.T) {
			t.Parallel()
			check(t, "http://"+secret+".invalid", path)
		})
	}
}

func TestNewClient(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "rpc.example/secret", "ftp://rpc.example", "http://", "http://rpc.example:port/secret", "://secret"} {
		_, err := NewClient(Options{URL: url})
		if !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("NewClient(%q): %v", url, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(result(`{"accounts":[` + account("YQ==") + `],"paginationKey":"k"}`)))
	f.Add([]byte(result(`{"context":{},"value":[null,{"data":["",""]},[],1]}`)))
	f.Add([]byte(failure(-32601, "no")))
	f.Fuzz(func(_ *testing.T, body []byte) {
		var a answer
		a.reset(strings.NewReader(string(body)), methodScan)
		_ = a.read(everyAccount)
	})
}
