package solana

import (
	"context"
	"encoding/base64"
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

// account returns an element of a program's accounts; data is given in base64.
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

// inPages is how most tests ask: for everything that begins with an a or a b.
var inPages = Way{methodScanPages, All}

func anything() *Search {
	return &Search{Program: someProgram, Kinds: kinds, Holds: []Holds{{Offset: 8, Keys: []Key{keyA, keyB}}}, Slice: Slice{Length: 48}}
}

var (
	keyA, keyB = Key{'a'}, Key{'b'}
	kinds      = [][8]byte{{1}, {2}}
)

// row returns an account in base64 of a kind, with a key.
func row(kind byte, key Key) string {
	return account(base64.StdEncoding.EncodeToString(data(kind, key)))
}

func data(kind byte, key Key) []byte { return append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, key[:]...) }

// readAll walks to the end, and returns the first letter of each account's key.
func readAll(ctx context.Context, s *Session, q *Search, way Way) (all string, err error) {
	page := new(gathered)
	for err := range s.Walk(ctx, q, &Position{Way: way}, Budget{}, page) {
		if err != nil {
			return all, err
		}
		for _, d := range page.data {
			all += d[8:9]
		}
	}
	return all, nil
}

// TestRetry breaks the first answer in every way that passes: what came before the break must not count twice.
func TestRetry(t *testing.T) {
	t.Parallel()
	good := result(`{"accounts":[` + row(1, keyA) + `,` + row(2, keyB) + `],"paginationKey":null}`)
	tests := map[string]func(w http.ResponseWriter){
		"cut off":        func(w http.ResponseWriter) { io.WriteString(w, good[:len(good)-40]) },
		"busy":           func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"busy in words":  func(w http.ResponseWriter) { io.WriteString(w, failure(429, "Too many requests")) },
		"node is behind": func(w http.ResponseWriter) { io.WriteString(w, failure(-32005, "Node is behind by 42 slots")) },
		"no JSON":        func(w http.ResponseWriter) { io.WriteString(w, "upstream timed out") },
		"nothing":        func(http.ResponseWriter) {},
		"no result":      func(w http.ResponseWriter) { io.WriteString(w, `{"id":1}`) },
		"more after":     func(w http.ResponseWriter) { io.WriteString(w, good+"{}") },
		"endless value": func(w http.ResponseWriter) {
			io.WriteString(w, `{"result":{"accounts":[{"pubkey":"`)
			for range 3 << 10 {
				io.WriteString(w, strings.Repeat("x", 1<<10))
			}
		},
		"gateway":          func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
		"-32007":           func(w http.ResponseWriter) { io.WriteString(w, failure(-32007, "requests a second")) },
		"-32012":           func(w http.ResponseWriter) { io.WriteString(w, failure(-32012, "the scan broke off")) },
		"-32600":           func(w http.ResponseWriter) { io.WriteString(w, failure(-32600, "put behind others")) },
		"-32000":           func(w http.ResponseWriter) { io.WriteString(w, failure(-32000, "no backend just now")) },
		"-32603":           func(w http.ResponseWriter) { io.WriteString(w, failure(-32603, "account index service overloaded")) },
		"unknown":          func(w http.ResponseWriter) { io.WriteString(w, failure(12345, "?")) },
		"no code":          func(w http.ResponseWriter) { io.WriteString(w, `{"error":{},"id":1}`) },
		"another's answer": func(w http.ResponseWriter) { io.WriteString(w, strings.Replace(good, `"id":1`, `"id":7`, 1)) },
		"no id's answer":   func(w http.ResponseWriter) { io.WriteString(w, strings.Replace(good, `"id":1`, `"id":null`, 1)) },
		"no owner": func(w http.ResponseWriter) {
			io.WriteString(w, strings.Replace(good, `"owner":"`+someProgram.String()+`",`, "", 1))
		},
		"another's account": func(w http.ResponseWriter) {
			io.WriteString(w, strings.Replace(good, `"owner":"`+someProgram.String()+`"`, `"owner":"`+Key{9}.String()+`"`, 1))
		},
		"no address": func(w http.ResponseWriter) {
			io.WriteString(w, strings.Replace(good, `"pubkey":"`+someProgram.String()+`"`, `"pubkey":null`, 1))
		},
		"null for an account": func(w http.ResponseWriter) { io.WriteString(w, result(`{"accounts":[null]}`)) },
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
			if got, err := readAll(t.Context(), s, anything(), inPages); got != "ab" || err != nil {
				t.Errorf("accounts %q, error %v", got, err)
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
		_, err := readAll(ctx, s, anything(), inPages)
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

// TestAssets: what nobody asked for, what is unknown and what has no content is left out.
func TestAssets(t *testing.T) {
	t.Parallel()
	mints := []Key{{1}, {2}, {3}}
	asset := func(k Key, content string) string {
		return fmt.Sprintf(`{"interface":"x","id":%q,"content":%s}`, k, content)
	}
	for name, tt := range map[string]struct {
		result string
		want   map[Key]string
		err    error
	}{
		"some":             {"[" + asset(mints[1], `{"json_uri":"u"}`) + ",null," + asset(Key{9}, `{}`) + "]", map[Key]string{mints[1]: `{"json_uri":"u"}`}, nil},
		"content first":    {`[{"content":{"a":[1]},"id":"` + mints[0].String() + `"}]`, map[Key]string{mints[0]: `{"a":[1]}`}, nil},
		"no content":       {`[{"id":"` + mints[0].String() + `"},7,"x",[]]`, map[Key]string{}, nil},
		"of no key":        {`[` + `{"id":"x","content":{}}]`, map[Key]string{}, nil},
		"no array":         {`{"items":[]}`, map[Key]string{}, upstream.ErrMalformed},
		"an endless value": {`[{"id":"` + strings.Repeat("x", maxToken+2), map[Key]string{}, upstream.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, result(tt.result)) })
			got := map[Key]string{}
			err := s.Assets(t.Context(), mints, func(mint Key, content []byte) { got[mint] = string(content) })
			if !maps.Equal(got, tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("%v, error %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(result(`{"accounts":[` + account("YQ==") + `],"paginationKey":"k"}`)))
	f.Add([]byte(result(`{"context":{},"value":[null,{"data":["",""]},[],1]}`)))
	f.Add([]byte(result(`[{"id":"11111111111111111111111111111111","content":{"json_uri":"u"}},null]`)))
	f.Add([]byte(failure(-32601, "no")))
	f.Fuzz(func(_ *testing.T, body []byte) {
		var a answer
		a.reset(strings.NewReader(string(body)), methodScan)
		_ = a.read(everyAccount)
		a.reset(strings.NewReader(string(body)), methodAssets)
		_ = a.read(func(a *answer) error { return a.assets(func(Key, []byte) {}) })
	})
}
