package meteora

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// A document is random JSON of Meteora's shape with all that might lead a scanner astray.
type document struct {
	*rand.Rand
	strings.Builder
}

func (d *document) one(of ...string) string { return of[d.IntN(len(of))] }

// gap writes white space now and then.
func (d *document) gap() {
	if d.IntN(8) == 0 {
		d.WriteString(d.one(" ", "\n", "\t\r\n  ", strings.Repeat(" ", 70)))
	}
}

func (d *document) text(s string) {
	d.WriteByte('"')
	d.WriteString(s)
	d.WriteByte('"')
}

// odd returns the inside of a string that is not ours.
func (d *document) odd() string {
	var s strings.Builder
	for range d.IntN(5) {
		s.WriteString(d.one(`\"`, `\\`, `}`, `{`, `]`, `[`, `,`, `:`, `\u0035`, `\\\"`, `\ud83d\ude80`, `é🚀`, "\xff", ours, `\"launchpad\":\"`+ours+`\"`,
			strings.Repeat("x", d.IntN(200))))
	}
	return s.String()
}

// launchpad returns ours in half of the pools, in one of its spellings.
func (d *document) launchpad() string {
	return d.one(`"`+ours+`"`, `"\u0035\u0036`+ours[2:]+`"`, `"`+ours[:42]+`\u0056"`, `"`+ours+`"`,
		`null`, `""`, `"pump.fun"`, `"`+ours+`x"`, `{"launchpad":"`+ours+`"}`, `["`+ours+`"]`)
}

func (d *document) value(depth int) {
	switch kind := d.IntN(6); {
	case kind == 0 && depth > 0:
		d.members(d.IntN(4), func(int) { d.text(d.one("launchpad", "address", "x", d.odd())) }, func(int) { d.value(depth - 1) })
	case kind == 1 && depth > 0:
		d.list(d.IntN(4), func(int) { d.value(depth - 1) })
	case kind < 4:
		d.WriteString(d.one("1", "-0.5e-7", "true", "false", "null", "12345678901234567890.123"))
	default:
		d.text(d.odd())
	}
}

func (d *document) list(n int, element func(i int)) {
	d.between('[', ']', n, element)
}

func (d *document) members(n int, name, value func(i int)) {
	d.between('{', '}', n, func(i int) {
		name(i)
		d.gap()
		d.WriteByte(':')
		d.gap()
		value(i)
	})
}

func (d *document) between(open, end byte, n int, part func(i int)) {
	d.WriteByte(open)
	for i := range n {
		if i > 0 {
			d.WriteByte(',')
		}
		d.gap()
		part(i)
		d.gap()
	}
	d.WriteByte(end)
}

func (d *document) pool() {
	if d.IntN(20) == 0 {
		d.value(2)
		return
	}
	names := []string{"address", "token_x", "launchpad", "name", "volume", "tags", "later"}
	names = slices.DeleteFunc(names, func(string) bool { return d.IntN(25) == 0 })
	if d.IntN(20) == 0 {
		names = append(names, "launchpad") // the last one counts
	}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	d.members(len(names), func(i int) { d.text(names[i]) }, func(i int) {
		switch names[i] {
		case "address":
			d.text(address1[:42] + d.one("A", "B", "C", " ", "") + d.one("1", "2", "3"))
		case "token_x":
			d.WriteString(`{"address":"` + mint1 + `"}`)
		case "launchpad":
			d.WriteString(d.launchpad())
		default:
			d.value(3)
		}
	})
}

// newDocument returns a page or an array, in one of ten damaged by a byte.
func newDocument(seed uint64) []byte {
	d := &document{Rand: rand.New(rand.NewPCG(seed, 8))}
	pools := func(int) { d.list(d.IntN(12), func(int) { d.pool() }) }
	if d.IntN(2) == 0 {
		pools(0)
	} else {
		at := d.IntN(3)
		d.members(3, func(i int) {
			if i == at {
				d.text(d.one("data", `d\u0061ta`))
			} else {
				d.text(d.one("pages", "links", d.odd()))
			}
		}, func(i int) {
			if i == at {
				pools(0)
			} else {
				d.value(2)
			}
		})
	}
	body := []byte(d.String())
	if d.IntN(10) == 0 {
		body[d.IntN(len(body))] = byte(d.IntN(128))
	}
	return body
}

// oursByEncodingJSON returns the addresses of our pools in the order of the body; false if encoding/json refuses it.
func oursByEncodingJSON(body []byte) (addresses []string, ok bool) {
	elements, ok := elementsByEncodingJSON(body)
	for _, e := range elements {
		var p struct {
			Address any
			X       struct{ Address any }
		}
		var fields map[string]json.RawMessage
		if launchpadByEncodingJSON(e) != ours || json.Unmarshal(e, &fields) != nil {
			continue
		}
		_ = json.Unmarshal(fields["address"], &p.Address)
		_ = json.Unmarshal(fields["token_x"], &p.X)
		address, _ := p.Address.(string)
		if mint, _ := p.X.Address.(string); token.IsPublicKey(address) && token.IsPublicKey(mint) {
			addresses = append(addresses, address)
		}
	}
	return addresses, ok
}

// pieces hands out r in pieces of any size.
type pieces struct {
	io.Reader
	random *rand.Rand
}

func (p pieces) Read(b []byte) (int, error) {
	return p.Reader.Read(b[:min(len(b), 1+p.random.IntN(1<<p.random.IntN(12)))])
}

// sameAsEncodingJSON reports whether body was one that encoding/json accepts; the test fails when Decode then finds other pools.
func sameAsEncodingJSON(t *testing.T, body []byte, seed uint64) (accepted bool) {
	t.Helper()
	want, ok := oursByEncodingJSON(body)
	if !ok {
		return false
	}
	pools, _, err := decode(token.DLMM, pieces{strings.NewReader(string(body)), rand.New(rand.NewPCG(seed, 9))})
	var got []string
	for _, p := range pools {
		got = append(got, p.Address)
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("seed %d: error %v, pools (- encoding/json, + ours)\n%s\n%s", seed, err, diff, body)
	}
	return true
}

// TestSamePoolsAsEncodingJSON reads documents of all kinds with both.
func TestSamePoolsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	const documents = 5000
	read := 0
	for seed := range uint64(documents) {
		if sameAsEncodingJSON(t, newDocument(seed), seed) {
			read++
		}
	}
	if read < documents*8/10 {
		t.Errorf("encoding/json accepts %d of %d documents: too few say anything", read, documents)
	}
}

// FuzzSamePoolsAsEncodingJSON lets the fuzzer choose the bytes that documents begin with, or the whole of them.
func FuzzSamePoolsAsEncodingJSON(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(newDocument(seed), seed)
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) { sameAsEncodingJSON(t, body, seed) })
}
