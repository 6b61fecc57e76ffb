package meteora

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/token"
)

// keys are addresses of rows.
var keys = []string{
	"6NvEeaFmqQt9aqXfFTZ2kyykqk5U7Kgihx8nCfDo4TJ4", "G28CgSq2mbmiwHmPA7nWmxXGZHa83f325Fm11dqVbz2", "NYMDCjXexxeVq8J775cHYfoYAe2EkCGNC3vHmLhkP8T",
}

// rowWith returns a row of ours with more fields, which need not be JSON.
func rowWith(key, fields string) string {
	return `{"address":"` + key + `",` + fields + `"token_x":{"address":"` + mint1 + `","name":"A } of [B]"},"token_y":{"address":"` + token.SOL +
		`"},"tvl":12.5,"launchpad":"` + ours + `","tags":["a","b"]}`
}

// TestOneRowsFault: what is wrong inside one row costs that row at most, and nothing where nobody reads it.
func TestOneRowsFault(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	tests := []struct {
		name, fields string
		kept         bool
	}{
		{"NaN", `"apr":NaN,`, false},
		{"a leading zero", `"apr":007,`, false},
		{"a plus sign", `"apr":+1,`, false},
		{"infinity", `"current_price":-Infinity,`, false},
		{"a bare word", `"name":Louie,`, false},
		{"too deep", `"volume":` + deep + `,`, false},
		{"a bad escape", `"name":"\x",`, false},
		{"NaN that nobody reads", `"reserve_x":NaN,`, true},
		{"a bare word that nobody reads", `"note":None,`, true},
		{"too deep, and nobody reads it", `"extra":` + deep + `,`, true},
		{"an object that is not JSON, and that nobody reads", `"extra":{"a":01,"b":[NaN]},`, true},
		{"well", ``, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := page(rowWith(keys[0], ""), rowWith(keys[1], test.fields), rowWith(keys[2], ""))
			pools, d, err := decode(token.DLMM, strings.NewReader(body))
			want := slices.Clone(keys)
			if !test.kept {
				want = []string{keys[0], keys[2]}
			}
			var got []string
			for _, p := range pools {
				got = append(got, p.Address)
			}
			if err != nil || !slices.Equal(got, want) || d.Scanned != 3 || d.Invalid != int64(3-len(want)) {
				t.Errorf("%v of 3, %d scanned, %d invalid, error %v", got, d.Scanned, d.Invalid, err)
			}
		})
	}
}

func TestEnvelopeFieldsThatNobodyReads(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]error{
		`"took":NaN`: nil, `"next":{"a":01}`: nil, `"total_pages":1e`: nil, `"total":NaN`: ErrMalformed, `"page_size":01`: ErrMalformed,
	} {
		body := `{` + field + `,"data":[` + rowWith(keys[0], "") + `]}`
		if pools, _, err := decode(token.DLMM, strings.NewReader(body)); !errors.Is(err, want) || want == nil && len(pools) != 1 {
			t.Errorf("%s: %d pools, error %v", field, len(pools), err)
		}
	}
}

// TestAnyByte replaces bytes of a good page: the page is malformed, or at most one row is lost, and it is counted.
func TestAnyByte(t *testing.T) {
	t.Parallel()
	good := page(rowWith(keys[0], ""), rowWith(keys[1], ""), rowWith(keys[2], ""))
	r := rand.New(rand.NewPCG(1, 2))
	for at := range len(good) {
		for range 12 {
			checkDamaged(t, good[:at]+string(byte(r.IntN(256)))+good[at+1:])
		}
		for _, c := range "\"\\{}[],: 0a" {
			checkDamaged(t, good[:at]+string(c)+good[at+1:])
		}
	}
}

func checkDamaged(t *testing.T, body string) {
	t.Helper()
	pools, d, err := decode(token.DLMM, strings.NewReader(body))
	if err != nil {
		if !errors.Is(err, ErrMalformed) {
			t.Fatalf("%v in %q", err, body)
		}
		return
	}
	whole := 0
	for _, p := range pools {
		if slices.Contains(keys, p.Address) {
			whole++
		}
	}
	// Another launchpad's row, or one with another address, is not lost: it is another row now.
	if d.Scanned != 3 || whole < 2 {
		t.Errorf("%d scanned, %d invalid, %d of ours left in %s", d.Scanned, d.Invalid, whole, body)
	}
}

// FuzzAnyElement puts any text in the place of the middle row.
func FuzzAnyElement(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":NaN}`, `[[`, `"`, `{"address":"x"},{"address":"y"}`, `null`, `{"launchpad":"` + ours + `","apr":007}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, element string) {
		body := page(rowWith(keys[0], ""), element, rowWith(keys[2], ""))
		pools, _, err := decode(token.DLMM, strings.NewReader(body))
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		found := map[string]bool{}
		for _, p := range pools {
			found[p.Address] = true
		}
		if !found[keys[0]] || !found[keys[2]] {
			t.Errorf("a row beside %q is lost without a word: %s", element, fmt.Sprint(found))
		}
	})
}

// TestEndlessNumber: of a number of very many digits no more is kept than a pool may be long. In a row it costs that row.
func TestEndlessNumber(t *testing.T) {
	t.Parallel()
	const digits = 100_000_000
	row := `{"total":1,"pages":1,"current_page":1,"page_size":1000,"data":[{"address":"` + keys[0] + `",`
	for name, tt := range map[string]struct {
		before, behind string
		err            error
		invalid        int64
	}{
		"in a row": {row + `"tvl":`, "}]}", nil, 1}, "in a field that nobody reads": {row + `"x":`, "}]}", nil, 1},
		"in the envelope": {`{"total":`, "}", ErrMalformed, 0}, "beside it": {`{"took":`, "}", ErrMalformed, 0},
	} {
		from := &endless{left: digits}
		pools, d, err := decode(token.DLMM, io.MultiReader(strings.NewReader(tt.before), from, strings.NewReader(tt.behind)))
		if !errors.Is(err, tt.err) || len(pools) > 0 || d.Invalid != tt.invalid || err != nil && digits-from.left > 8*maxElement {
			t.Errorf("%s: error %v, %d invalid, %d digits were read", name, err, d.Invalid, digits-from.left)
		}
	}
}

// endless is many digits.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = '7'
	}
	e.left -= n
	return n, nil
}
