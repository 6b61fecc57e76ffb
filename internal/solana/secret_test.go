package solana

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tokensync/internal/syncrun"
)

const redKey = "a1B2c3D4-e5F6-7890-AbCd-eF0123456789"

// attacks are answers that try to get the key into a record or a log.
var attacks = map[string]http.HandlerFunc{
	"padded 404": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, strings.Repeat("x", 105), r.RequestURI)
	},
	"padded further": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, strings.Repeat("x", 490), r.RequestURI)
	},
	"Express": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST %s</pre>\n</body>\n</html>\n", html.EscapeString(r.URL.Path))
	},
	"upper case": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, strings.ToUpper(r.RequestURI), http.StatusUnauthorized)
	},
	"lower case": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, strings.ToLower(r.RequestURI), http.StatusForbidden)
	},
	"RPC error in another case": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, failure(-32601, "no method for "+strings.ToUpper(r.RequestURI)))
	},
	"padded RPC error": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, failure(-32602, strings.Repeat("y", 240)+r.RequestURI))
	},
	"encoding": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", strings.TrimPrefix(r.RequestURI, "/"))
		fmt.Fprint(w, "?")
	},
	"with control characters": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, strings.Join(strings.Split(r.RequestURI, ""), "\x00"), http.StatusBadRequest)
	},
	"escaped": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, url.PathEscape(r.RequestURI), http.StatusPaymentRequired)
	},
	"in the challenge": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cf-Mitigated", redKey)
		w.WriteHeader(http.StatusForbidden)
	},
	"as JSON": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"result":{"accounts":[],"paginationKey":%q`, redKey)
	},
	"as a key": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, result(fmt.Sprintf(`{"accounts":[],"paginationKey":%q}`, strings.Repeat(redKey, 50))))
	},
	"busy": func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.RequestURI, http.StatusTooManyRequests) },
}

// TestAttacks looks for any eight characters of the key, in any case, in what is recorded and in what is logged.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/" + redKey, "/v2/" + redKey + "/", "/?api-key=" + redKey} {
		for name, attack := range attacks {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(attack)
				t.Cleanup(server.Close)
				var log bytes.Buffer
				client, err := NewClient(Options{
					URL: server.URL + path, Rates: Rates{1e6, 1e6, 1e6}, Retry: quick,
					Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(client.Close)
				_, err = readAll(t.Context(), client.NewSession(new(syncrun.Counts)), anything(), inPages)
				if err == nil || log.Len() == 0 && name != "as a key" { // which is seen after the answer
					t.Fatalf("error %v, log %q", err, log.String())
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					if leaks(e.Error(), 4) {
						t.Errorf("%T tells the key: %v", e, e)
					}
				}
				if leaks(log.String(), 6) {
					t.Errorf("the log tells the key: %s", log.String())
				}
			})
		}
	}
}

// leaks reports whether text holds n characters in a row of the key.
func leaks(text string, n int) bool {
	text, key := strings.ToLower(text), strings.ToLower(redKey)
	for i := range len(key) - n + 1 {
		if strings.Contains(text, key[i:i+n]) {
			return true
		}
	}
	return false
}

// TestGzippedError: a compressed page of an error is not shown either.
func TestGzippedError(t *testing.T) {
	t.Parallel()
	s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusBadRequest)
		gz := gzip.NewWriter(w)
		fmt.Fprint(gz, redKey)
		gz.Close()
	})
	if _, err := readAll(t.Context(), s, anything(), inPages); err == nil || leaks(err.Error(), 4) {
		t.Errorf("error %v", err)
	}
}

// FuzzConceal cuts texts that hold the key at any place, in any case.
func FuzzConceal(f *testing.F) {
	u, _ := url.Parse("https://rpc.example/" + redKey)
	s := newSecrets(u.String(), u)
	f.Add("key ", " is not valid", 20, true)
	f.Fuzz(func(t *testing.T, before, after string, end int, upper bool) {
		key := redKey
		if upper {
			key = strings.ToUpper(key)
		}
		text := before + key + after
		text = text[:min(max(end, 0), len(text))]
		if leaks(before, 2) || leaks(after, 2) {
			t.Skip("part of the key by itself")
		}
		if shown := s.conceal(text); leaks(shown, minBegun) {
			t.Errorf("%q shows %q", text, shown)
		}
	})
}
