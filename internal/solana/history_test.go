package solana

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/upstream"
)

func TestBlockTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []string
		unix    int64
		err     error
	}{
		"known":                {[]string{result("1770000000")}, 1_770_000_000, nil},
		"null":                 {[]string{result("null")}, 0, ErrNoHistory},
		"zero":                 {[]string{result("0")}, 0, ErrNoHistory},
		"no number":            {[]string{result(`"soon"`)}, 0, ErrNoHistory},
		"skipped":              {[]string{failure(-32007, "Slot 5 was skipped")}, 0, ErrSkippedSlot},
		"skipped long ago":     {[]string{failure(-32009, "Slot 5 was skipped, or missing in long-term storage")}, 0, ErrSkippedSlot},
		"skipped at QuickNode": {[]string{failure(-32004, "Block not available for slot 5")}, 0, ErrSkippedSlot},
		"cleaned up":           {[]string{failure(-32001, "Block 5 cleaned up")}, 0, ErrNoHistory},
		"no history":           {[]string{failure(-32011, "Transaction history is not available")}, 0, ErrNoHistory},
		"no such method":       {[]string{failure(-32601, "Method not found")}, 0, ErrNoHistory},
		"busy":                 {[]string{failure(-32005, "slow down"), result("1770000000")}, 1_770_000_000, nil},
		"an unknown error":     {[]string{failure(-31337, "?"), result("1770000000")}, 1_770_000_000, nil},
		"another's answer":     {[]string{strings.Replace(result("1"), `"id":1`, `"id":2`, 1), result("7")}, 7, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			s, _ := newSession(t, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), `"method":"getBlockTime","params":[5]`) {
					t.Errorf("asked %s", body)
				}
				n++
				io.WriteString(w, tt.answers[n-1])
			})
			unix, err := s.BlockTime(t.Context(), 5)
			if unix != tt.unix || !errors.Is(err, tt.err) || n != len(tt.answers) {
				t.Errorf("%d, %v after %d requests", unix, err, n)
			}
		})
	}
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	var bodies []string
	answer := result(`[{"signature":"s2","slot":9,"err":null,"blockTime":null,"memo":"x"},{"signature":"s1","slot":8,"err":{"a":[]},"blockTime":1770000000}]`)
	s, stats := newSession(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		io.WriteString(w, answer)
	})
	got, err := s.SignaturesForAddress(t.Context(), someProgram, "s0", 2)
	want := []Signature{{Text: "s2", Slot: 9}, {Text: "s1", Slot: 8, BlockTime: 1_770_000_000, Failed: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, signatures (-want +got):\n%s", err, diff)
	}
	asked := `{"id":1,"jsonrpc":"2.0","method":"getSignaturesForAddress","params":["` + someProgram.String() + `",{"commitment":"confirmed","limit":2,"until":"s0"}]}`
	if diff := cmp.Diff([]string{asked}, bodies); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	requests, credits := stats.RPC()
	if diff := cmp.Diff(map[string]int64{"getSignaturesForAddress": 1}, requests); diff != "" || credits != 10 {
		t.Errorf("%d credits, requests (-want +got):\n%s", credits, diff)
	}
	for name, bad := range map[string]string{
		"more than asked for": answer, "no array": result(`{"value":[]}`), "no signature": result(`[{"slot":9}]`),
		"too long": result(`[{"signature":"` + strings.Repeat("s", 89) + `"}]`),
	} {
		answer = bad
		if got, err := s.SignaturesForAddress(t.Context(), someProgram, "", 1); !errors.Is(err, upstream.ErrMalformed) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestTransactionKeys(t *testing.T) {
	t.Parallel()
	a, b, c := Key{1}, Key{2}, Key{3}
	answer := result(`{"slot":9,"transaction":{"signatures":["x"],"message":{"accountKeys":["` + a.String() + `","no key"],"instructions":[{"accounts":[0]}]}},
		"meta":{"err":null,"loadedAddresses":{"writable":["` + b.String() + `"],"readonly":["` + c.String() + `"]}}}`)
	s, _ := newSession(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	got, err := s.TransactionKeys(t.Context(), "x")
	if diff := cmp.Diff([]Key{a, b, c}, got); diff != "" || err != nil {
		t.Errorf("error %v, keys (-want +got):\n%s", err, diff)
	}
	answer = result("null")
	if got, err := s.TransactionKeys(t.Context(), "x"); len(got) != 0 || err != nil {
		t.Errorf("%v, %v for a transaction that is not there yet", got, err)
	}
}
