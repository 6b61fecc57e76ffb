package meteora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

const (
	ours     = "56JeApTcgSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
	address1 = "BKH29Cr5mZf8eahp7vD28jaBqU9HavY9v6SAbphbSA2D"
	mint1    = "2AVjqmGbMqg7rSyHVv2deVdggsBgBtu1Bi69BUvE5WRv"
)

// decode reads a whole body and returns what was yielded.
func decode(product token.Product, r io.Reader, ids ...token.LaunchpadID) ([]token.Pool, *Decoder, error) {
	if len(ids) == 0 {
		ids = []token.LaunchpadID{ours}
	}
	d := NewDecoder(product, NewFilter(ids), token.NewQuoteMints())
	var pools []token.Pool
	err := d.Decode(r, func(p token.Pool) bool { pools = append(pools, p); return true })
	return pools, d, err
}

// page puts pools into an envelope.
func page(pools ...string) string {
	return fmt.Sprintf(`{"total":%d,"pages":1,"current_page":1,"page_size":1000,"data":[%s]}`, len(pools), strings.Join(pools, ","))
}

// pool returns a pool with the given fields and, unless they are among them, an address, our launchpad and a mint.
func pool(fields string) string {
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte("{"+fields+"}"), &given); err != nil {
		panic(err)
	}
	var moreFields strings.Builder
	for _, f := range []string{
		`"address":"` + address1 + `"`, `"launchpad":"` + ours + `"`,
		`"token_x":{"address":"` + mint1 + `"}`, `"token_y":{"address":"` + token.SOL + `","symbol":"SOL"}`,
	} {
		if name, _, _ := strings.Cut(f, ":"); given[strings.Trim(name, `"`)] == nil {
			moreFields.WriteString("," + f)
		}
	}
	fields += moreFields.String()
	return "{" + strings.TrimPrefix(fields, ",") + "}"
}

func plainPool() token.Pool {
	return token.Pool{
		Address: address1, Product: token.DLMM, Launchpad: ours, Base: token.Asset{Mint: mint1},
		QuoteMint: token.SOL, QuoteSymbol: "SOL",
	}
}

func TestDecodeGolden(t *testing.T) {
	t.Parallel()
	for _, product := range []token.Product{token.DLMM, token.DAMMv2, token.DAMMv1} {
		t.Run(string(product), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile("testdata/" + string(product) + ".json")
			if err != nil {
				t.Fatal(err)
			}
			pools, _, err := decode(product, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := json.MarshalIndent(pools, "", " ")
			golden := "testdata/" + string(product) + ".golden"
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields string
		want         func(*token.Pool)
	}{
		{"nothing but the keys", ``, func(*token.Pool) {}},
		{"nulls", `"name":null,"current_price":null,"tvl":null,"created_at":null,"volume":null,"fees":null,"tags":null,"pool_config":null,"is_blacklisted":null`, func(*token.Pool) {}},
		{"wrong kinds", `"name":7,"current_price":{},"tvl":[1],"created_at":"x","volume":3,"fees":"a","tags":{"a":1},"pool_config":[],"is_blacklisted":"yes"`, func(*token.Pool) {}},
		{"unknown fields", `"x":{"launchpad":"nested","y":[[],{}]},"z":[1,2,{"a":"b"}]`, func(*token.Pool) {}},
		{"empty name", `"name":""`, func(*token.Pool) {}},
		{"emoji and escapes", `"name":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude80 🚀-SOL"`, func(p *token.Pool) { p.Name = `"\/   é🚀 🚀-SOL` }},
		{"braces in a name", `"name":"}]{[\"}"`, func(p *token.Pool) { p.Name = `}]{["}` }},
		{"milliseconds", `"created_at":1791052359123`, func(p *token.Pool) { p.CreatedAt = 1791052359123 }},
		{"seconds", `"created_at":1791052359`, func(p *token.Pool) { p.CreatedAt = 1791052359000 }},
		{"negative time", `"created_at":-5`, func(*token.Pool) {}},
		{"exponents", `"current_price":1.3e-06,"apr":1.8e19`, func(p *token.Pool) { p.Price, p.APR = "0.0000013", "18000000000000000000" }},
		{"every digit", `"tvl":61069.62328202417123456789`, func(p *token.Pool) { p.TVLUSD = "61069.62328202417123456789" }},
		{"a number as a string", `"tvl":"12.50"`, func(p *token.Pool) { p.TVLUSD = "12.5" }},
		{"a negative amount", `"tvl":-1`, func(*token.Pool) {}},
		{"windows", `"volume":{"24h":6,"30m":1,"5m":9}`, func(p *token.Pool) { p.VolumeUSD[0], p.VolumeUSD[token.Day] = "1", "6" }},
		{"fees", `"fees":{"24h":2.5,"1h":1}`, func(p *token.Pool) { p.Fees24hUSD = "2.5" }},
		{"fee", `"pool_config":{"bin_step":4,"base_fee_pct":0.04,"later":{}}`, func(p *token.Pool) { p.FeePct = "0.04" }},
		{"blacklisted", `"is_blacklisted":true`, func(p *token.Pool) { p.Blacklisted = true }},
		{"tags", `"tags":["a",1,null,"b"]`, func(p *token.Pool) { p.Tags = []string{"a", "b"} }},
		{
			"token_y is the token", `"token_x":{"address":"` + token.USDC + `","symbol":"USDC"},"token_y":{"address":"` + mint1 + `","symbol":"T"}`,
			func(p *token.Pool) {
				p.Base.Symbol, p.QuoteMint, p.QuoteSymbol = "T", token.USDC, "USDC"
			},
		},
		{
			"the quote's side", `"token_x":{"address":"` + token.USDC + `","symbol":"USDC","price":0.99},"token_y":{"address":"` + mint1 + `","price":5},"token_y_amount":1e9,"token_x_amount":250`,
			func(p *token.Pool) {
				p.Base.PriceUSD, p.QuoteMint, p.QuoteSymbol, p.QuoteUSD, p.DepthUSD = "5", token.USDC, "USDC", "0.99", "250"
			},
		},
		{"escaped launchpad", `"launchpad":"\u0035\u0036JeApTcgSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"`, func(*token.Pool) {}},
		{"the last launchpad counts", `"launchpad":"other","launchpad":"` + ours + `"`, func(*token.Pool) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := plainPool()
			tt.want(&want)
			got, _, err := decode(token.DLMM, strings.NewReader(page(pool(tt.fields))))
			if diff := cmp.Diff([]token.Pool{want}, got); err != nil || diff != "" {
				t.Errorf("error %v\n%s", err, diff)
			}
		})
	}
}

func TestDecodeWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, fields string }{
		{"null launchpad", `"launchpad":null`},
		{"empty launchpad", `"launchpad":""`},
		{"other launchpad", `"launchpad":"pump.fun"`},
		{"a longer ID", `"launchpad":"` + ours + `x"`},
		{"other case", `"launchpad":"` + strings.ToLower(ours) + `"`},
		{"in the name", `"launchpad":null,"name":"` + ours + `"`},
		{"in a tag", `"launchpad":null,"tags":["` + ours + `"]`},
		{"in a nested field", `"launchpad":"","x":{"launchpad":"` + ours + `"}`},
		{"in a name that looks like the field", `"launchpad":"","name":"\"launchpad\":\"` + ours + `\""`},
		{"a launchpad that is an object", `"launchpad":{"launchpad":"` + ours + `"}`},
		{"the last launchpad counts", `"launchpad":"` + ours + `","launchpad":"pump.fun"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, d, err := decode(token.DLMM, strings.NewReader(page(pool(tt.fields))))
			if len(got) != 0 || err != nil || d.Scanned != 1 || d.Invalid != 0 {
				t.Errorf("pools %v, error %v, scanned %d, invalid %d", got, err, d.Scanned, d.Invalid)
			}
		})
	}
}

// TestDecodeEscapedLaunchpads spells IDs in every way that JSON has.
func TestDecodeEscapedLaunchpads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id       token.LaunchpadID
		spelling string
	}{
		{"pump.fun", `pump.fun`},
		{"pump.fun", `\u0070ump.fun`},
		{"pump.fun", `pump\u002Efun`},
		{"a/b", `a/b`},
		{"a/b", `a\/b`},
		{"a\"b", `a\"b`},
		{`a\b`, `a\\b`},
		{"é🚀", `é🚀`},
		{"é🚀", `\u00e9\ud83d\uDE80`},
		{"中", `\u4e2d`},
	}
	for _, tt := range tests {
		t.Run(tt.spelling, func(t *testing.T) {
			t.Parallel()
			body := page(pool(`"launchpad":"` + tt.spelling + `"`))
			got, _, err := decode(token.DLMM, strings.NewReader(body), "other", tt.id)
			if len(got) != 1 || got[0].Launchpad != tt.id || err != nil {
				t.Errorf("pools %v, error %v", got, err)
			}
		})
	}
}

func TestDecodeInvalidPools(t *testing.T) {
	t.Parallel()
	huge := `"` + strings.Repeat("A", 10<<20) + `"`
	tests := []struct{ name, element string }{
		{"no address", pool(`"address":null`)},
		{"empty address", pool(`"address":""`)},
		{"no mint", pool(`"token_x":null,"token_y":null`)},
		{"address with a space", pool(`"address":"a b"`)},
		{"null", `null`},
		{"number", `12`},
		{"string", `"{"`},
		{"array", `[{"launchpad":"` + ours + `"}]`},
		{"a 10 MB string", pool(`"name":` + huge)},
		{"too deep", strings.Repeat(`{"a":`, 100) + `"` + ours + `"` + strings.Repeat("}", 100)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, d, err := decode(token.DLMM, strings.NewReader(page(tt.element, pool(``))))
			if diff := cmp.Diff([]token.Pool{plainPool()}, got); err != nil || diff != "" {
				t.Errorf("error %v\n%s", err, diff)
			}
			if d.Scanned != 2 || d.Invalid != 1 {
				t.Errorf("scanned %d, invalid %d; want 2 and 1", d.Scanned, d.Invalid)
			}
		})
	}
}

func TestDecodeEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       Envelope
	}{
		{"usual", `{"total":5,"pages":2,"current_page":1,"page_size":1000,"data":[]}`, Envelope{5, 2, 1, 1000, true}},
		{"data first", `{"data":[],"page_size":10,"current_page":3,"pages":4,"total":0}`, Envelope{0, 4, 3, 10, true}},
		{"only data", ` { "data" : [ ] } `, Envelope{-1, -1, -1, -1, true}},
		{"nulls", `{"total":null,"pages":null,"data":[],"page_size":"10"}`, Envelope{-1, -1, -1, -1, true}},
		{"unknown fields", `{"links":[{"data":[{}]}],"meta":{"pages":9},"data":[],"pages":1}`, Envelope{-1, 1, -1, -1, true}},
		{"escaped names", `{"\u0064ata":[],"p\u0061ges":7}`, Envelope{-1, 7, -1, -1, true}},
		{"array", `[]`, Envelope{-1, -1, -1, -1, false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, d, err := decode(token.DLMM, strings.NewReader(tt.body))
			if diff := cmp.Diff(tt.want, d.Envelope); err != nil || diff != "" {
				t.Errorf("error %v\n%s", err, diff)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body string }{
		{"empty", ``},
		{"white space", " \n"},
		{"a page of HTML", `<!doctype html><html><body>502</body></html>`},
		{"text", `rate limited`},
		{"a number", `12`},
		{"an error object", `{"message":"Pool not found"}`},
		{"no envelope at all", `{}`},
		{"data is null", `{"total":0,"data":null}`},
		{"data is an object", `{"data":{}}`},
		{"something after the page", page(pool(``)) + `{}`},
		{"something after the array", `[]x`},
		{"a comma too many", `[{},]`},
		{"a comma too few", `[{}{}]`},
		{"a leading comma", `[,{}]`},
		{"two commas", `{"total":1,,"data":[]}`},
		{"a trailing comma", `{"data":[],}`},
		{"no colon", `{"data"[]}`},
		{"a name without quotes", `{data:[]}`},
		{"a bad literal among the pools", `[nul]`},
		{"a bad literal in the envelope", `{"total":tru,"data":[]}`},
		{"brackets that do not match", `{"data":[}`},
		{"a row of ours that swallows the next", page(`{"address":"`+address1+`","launchpad":"`+ours+`","name":"a}`, `{"address":"`+address1+`","name":"b"}`)},
		{"a NUL byte", "[{}\x00]"},
		{"endless white space", "[" + strings.Repeat(" ", 1<<20) + "]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := decode(token.DLMM, strings.NewReader(tt.body)); !errors.Is(err, ErrMalformed) {
				t.Errorf("error is %v, not ErrMalformed", err)
			}
		})
	}
}

// corpus returns bodies that the fuzz tests start from.
func corpus() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range []string{"dlmm", "damm-v2", "damm-v1"} {
			if b, err := os.ReadFile("testdata/" + name + ".json"); err != nil || !yield(string(b)) {
				return
			}
		}
		for _, body := range []string{
			page(pool(``), pool(`"name":"\"}"`), pool(`"launchpad":"\u0035"`)), `[{"a":"\\"},null,1]`, `{"data":[]}`,
			`[{"launchpad":"` + ours + `"}]`, page(pool(`"tags":["` + ours + `"]`)),
		} {
			if !yield(body) {
				return
			}
		}
	}
}

// TestEveryPrefixIsAnError holds what a truncated body must never do: pass for a short one.
func TestEveryPrefixIsAnError(t *testing.T) {
	t.Parallel()
	for body := range corpus() {
		body = strings.TrimSpace(body)
		for n := range len(body) {
			if _, _, err := decode(token.DLMM, strings.NewReader(body[:n])); !errors.Is(err, ErrMalformed) {
				t.Fatalf("the first %d bytes of %.60q: error is %v", n, body, err)
			}
		}
	}
}

// TestSplittingChangesNothing feeds bodies in two pieces, cut everywhere, and byte by byte.
func TestSplittingChangesNothing(t *testing.T) {
	t.Parallel()
	for body := range corpus() {
		want, wantD, wantErr := decode(token.DLMM, strings.NewReader(body))
		same := func(r io.Reader, how string) {
			got, d, err := decode(token.DLMM, r)
			if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) || d.Scanned != wantD.Scanned {
				t.Fatalf("%s: error %v, want %v\n%s", how, err, wantErr, diff)
			}
		}
		for n := range len(body) {
			same(io.MultiReader(strings.NewReader(body[:n]), strings.NewReader(body[n:])), fmt.Sprint("cut at ", n))
		}
		same(iotest.OneByteReader(strings.NewReader(body)), "byte by byte")
		same(iotest.DataErrReader(strings.NewReader(body)), "data with EOF")
	}
}

func TestReadErrorsComeThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	body := page(pool(``))
	for _, n := range []int{0, 1, 30, len(body) - 1, len(body)} {
		r := io.MultiReader(strings.NewReader(body[:n]), iotest.ErrReader(broken))
		if _, _, err := decode(token.DLMM, r); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: error is %v", n, err)
		}
	}
}

func TestConsumerStops(t *testing.T) {
	t.Parallel()
	d := NewDecoder(token.DLMM, NewFilter([]token.LaunchpadID{ours}), token.NewQuoteMints())
	n := 0
	err := d.Decode(strings.NewReader(page(pool(``), pool(``))), func(token.Pool) bool { n++; return false })
	if n != 1 || err != nil {
		t.Errorf("yielded %d pools, error %v", n, err)
	}
}

// TestForeignPoolsCostNothing is what keeps the memory flat: no allocation for a pool that is not ours.
func TestForeignPoolsCostNothing(t *testing.T) {
	foreign := pool(`"launchpad":"pump.fun","name":"` + strings.Repeat("x", 1500) + `"`)
	one, many := page(foreign), page(strings.Split(strings.Repeat(foreign+"\n", 1000), "\n")[:1000]...)
	d := NewDecoder(token.DLMM, NewFilter([]token.LaunchpadID{ours}), token.NewQuoteMints())
	allocs := func(body string) float64 {
		r := strings.NewReader("")
		return testing.AllocsPerRun(10, func() {
			r.Reset(body)
			if err := d.Decode(r, func(token.Pool) bool { return true }); err != nil {
				t.Fatal(err)
			}
		})
	}
	if a, b := allocs(one), allocs(many); b > a {
		t.Errorf("a page of 1,000 foreign pools costs %v allocations, a page of one %v", b, a)
	}
}

// FuzzDecode compares the scanner with encoding/json: whatever that accepts is accepted, with the same pools of ours.
func FuzzDecode(f *testing.F) {
	for body := range corpus() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, d, err := decode(token.DLMM, bytes.NewReader(body))
		elements, ok := elementsByEncodingJSON(body)
		if !ok {
			return // not JSON, or not a body: no panic is all that is asked
		}
		if err != nil {
			t.Fatalf("valid JSON refused: %v", err)
		}
		if int(d.Scanned) != len(elements) {
			t.Fatalf("scanned %d of %d elements", d.Scanned, len(elements))
		}
		want := 0
		for _, e := range elements {
			if launchpadByEncodingJSON(e) == ours {
				want++
			}
		}
		if want < len(got) || want > len(got)+int(d.Invalid) {
			t.Fatalf("%d pools of ours, encoding/json finds %d (%d invalid)", len(got), want, d.Invalid)
		}
	})
}

// elementsByEncodingJSON returns false for what Decode need not accept.
func elementsByEncodingJSON(body []byte) ([]json.RawMessage, bool) {
	var elements []json.RawMessage
	if json.Unmarshal(body, &elements) == nil && elements != nil {
		return elements, true
	}
	data, ok := dataByEncodingJSON(body)
	return elements, ok && json.Unmarshal(data, &elements) == nil && elements != nil
}

// dataByEncodingJSON returns the one field of an object called data; false if there is none, or another.
func dataByEncodingJSON(body []byte) (data json.RawMessage, ok bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, _ := d.Token(); !json.Valid(body) || t != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil || name == "data" && data != nil {
			return nil, false
		}
		if name == "data" {
			data = value
		}
	}
	return data, data != nil
}

func launchpadByEncodingJSON(element json.RawMessage) string {
	var fields map[string]json.RawMessage
	var launchpad string
	if json.Unmarshal(element, &fields) == nil {
		_ = json.Unmarshal(fields["launchpad"], &launchpad)
	}
	return launchpad
}

// FuzzScan compares the vectorised scanner with one that looks at every byte.
func FuzzScan(f *testing.F) {
	for body := range corpus() {
		f.Add([]byte(body), 7)
	}
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		if len(p) == 0 || p[0] != '{' && p[0] != '[' {
			return
		}
		wantN, wantDone, wantEscapes := endByBytes(p)
		fast := newScanner(p[0])
		cut = min(max(cut, 0), len(p))
		n, done := fast.scan(p[:cut])
		if !done {
			var rest int
			rest, done = fast.scan(p[cut:])
			n += rest
		}
		if n != wantN || done != wantDone || fast.escapes != wantEscapes {
			t.Fatalf("ends at %d (%v, escapes %v), byte by byte at %d (%v, escapes %v)", n, done, fast.escapes, wantN, wantDone, wantEscapes)
		}
	})
}

// endByBytes returns where the value at the start of p ends, and whether it does.
func endByBytes(p []byte) (n int, done, escapes bool) {
	depth, inString, escaped := 0, false, false
	for i, c := range p {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			escapes = escapes || escaped
			inString = c != '"'
		case c == '"':
			inString = true
		case c == p[0]:
			depth++
		case c == p[0]+2:
			if depth--; depth == 0 {
				return i + 1, true, escapes
			}
		}
	}
	return len(p), false, escapes
}
