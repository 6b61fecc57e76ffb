package board

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

// shelf answers fetch from chunks, and counts.
type shelf struct {
	chunks map[Ref][]byte
	asked  int
}

func (s *shelf) fetch(ref Ref) ([]byte, error) {
	s.asked++
	return s.chunks[ref], nil
}

func TestManifestRoundTrip(t *testing.T) {
	t.Parallel()
	want, _ := chunksOf(t, world{}.Tokens(300))
	want.Version, want.SyncedAt, want.Launchpads = 1<<40, epoch, []token.LaunchpadID{testPad, "met-dbc", ""}
	want.Earned = []Earned{
		{"someone", []token.Money{{QuoteMint: token.SOL, QuoteSymbol: "SOL", Tokens: 9000, Earned: "12.5", EarnedUSD: "1500"}, {QuoteMint: "q", Unclaimed: "0"}}},
		{"another", nil},
	}
	for _, m := range []Manifest{want, {Format: Format}, {Format: Format, Version: -1, SyncedAt: -1}} {
		b := m.Encode()
		got, err := ParseManifest(b)
		if diff := cmp.Diff(m, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		for n := range b {
			if _, err := ParseManifest(b[:n]); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) {
				t.Errorf("%d of %d bytes: %v", n, len(b), err)
			}
		}
		for bit := range 8 * len(b) {
			flipped := bytes.Clone(b)
			flipped[bit/8] ^= 1 << (bit % 8)
			if _, err := ParseManifest(flipped); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) {
				t.Errorf("bit %d: %v", bit, err)
			}
		}
		if _, err := ParseManifest(append(b, 0)); err == nil {
			t.Error("a byte too many is accepted")
		}
	}
	if size := len(want.Encode()); size > 40*len(want.Chunks)+400 {
		t.Errorf("%d bytes for %d chunks", size, len(want.Chunks))
	}
}

// TestAnotherFormat is told from damage, in a manifest and in a chunk, whatever follows.
func TestAnotherFormat(t *testing.T) {
	t.Parallel()
	m, chunks := chunksOf(t, world{}.Tokens(10))
	future := m
	future.Format = Format + 1
	if _, err := ParseManifest(append(future.Encode(), "and what not"...)); !errors.Is(err, ErrFormat) {
		t.Errorf("manifest: %v", err)
	}
	if _, err := Open(future, nil, (&shelf{chunks: chunks}).fetch); !errors.Is(err, ErrFormat) {
		t.Errorf("opened: %v", err)
	}
	other := m.Encode()
	other[len(magic)+1] ^= 1 // of the fingerprint: the same format with other fields
	if _, err := ParseManifest(other); !errors.Is(err, ErrFormat) {
		t.Errorf("other fields: %v", err)
	}
	ref := m.Chunks[0]
	data := bytes.Clone(chunks[ref])
	data[0]++
	changed := Ref{ref.Family, Hash(data), len(data)}
	m.Chunks[0] = changed
	if _, err := Open(m, nil, (&shelf{chunks: mapWith(chunks, changed, data)}).fetch); !errors.Is(err, ErrFormat) {
		t.Errorf("chunk: %v", err)
	}
}

func mapWith(chunks map[Ref][]byte, ref Ref, data []byte) map[Ref][]byte {
	more := map[Ref][]byte{ref: data}
	for r, d := range chunks {
		if r != ref {
			more[r] = d
		}
	}
	return more
}

// TestOpenSharesChunks fetches what is new, once each.
func TestOpenSharesChunks(t *testing.T) {
	t.Parallel()
	first, chunks := chunksOf(t, world{}.Tokens(1500))
	s := &shelf{chunks: chunks}
	b, err := Open(first, nil, s.fetch)
	if err != nil || s.asked != len(chunks) {
		t.Fatalf("%d fetches for %d chunks, %v", s.asked, len(first.Chunks), err)
	}
	tokens := world{Tick: 1}.Tokens(1500)
	second, more := chunksOf(t, tokens)
	missing := b.Missing(&second)
	fresh := 0
	for _, ref := range second.Chunks {
		if !first.Has(ref) {
			fresh++
		}
	}
	if len(missing) != fresh || fresh == 0 || fresh > len(second.Chunks)/2 {
		t.Errorf("%d chunks are missing, %d new of %d", len(missing), fresh, len(second.Chunks))
	}
	s = &shelf{chunks: more}
	next, err := Open(second, b, s.fetch)
	if err != nil || s.asked != fresh {
		t.Fatalf("%d fetches for %d new chunks, %v", s.asked, fresh, err)
	}
	compare(t, next, tokens)
	compare(t, b, world{}.Tokens(1500)) // the old one stays as it was
	if len(next.Missing(&second)) != 0 || len((*Board)(nil).Missing(&second)) != len(more) {
		t.Error("missing of what is there, or none missing of nothing")
	}
}

// TestOpenOnlyWhatFits refuses a board whose chunks do not belong together.
func TestOpenOnlyWhatFits(t *testing.T) {
	t.Parallel()
	m, chunks := chunksOf(t, world{}.Tokens(400))
	other, more := chunksOf(t, world{}.Tokens(300))
	maps.Copy(chunks, more)
	graduate := world{}.Tokens(400)
	graduate[5].Pools = append(graduate[5].Pools, graduate[0].Pools...)
	wider, widerChunks := chunksOf(t, graduate)
	maps.Copy(chunks, widerChunks)
	of := func(m Manifest, family string) []Ref {
		return slices.DeleteFunc(slices.Clone(m.Chunks), func(r Ref) bool { return r.Family != family })
	}
	without := func(m Manifest, family string) []Ref {
		return slices.DeleteFunc(slices.Clone(m.Chunks), func(r Ref) bool { return r.Family == family })
	}
	for name, refs := range map[string][]Ref{
		"a family is missing":            without(m, "market"),
		"a chunk is missing":             slices.Delete(slices.Clone(m.Chunks), 0, 1),
		"a chunk comes twice":            append(slices.Clone(m.Chunks), m.Chunks[0]),
		"a family of another board":      append(without(m, "names"), of(other, "names")...),
		"the pools of another board":     append(without(m, "market"), of(wider, "market")...),
		"a family that nobody knows":     append(slices.Clone(m.Chunks), Ref{"odd", m.Chunks[0].Hash, 1}),
		"a chunk under another's family": append(slices.Clone(m.Chunks), Ref{"market", of(m, "keys")[0].Hash, 1}),
		"no chunk":                       nil,
	} {
		broken := m
		broken.Chunks = refs
		b, err := Open(broken, nil, func(ref Ref) ([]byte, error) {
			for r, data := range chunks {
				if r.Hash == ref.Hash {
					return data, nil
				}
			}
			return nil, nil
		})
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, %v", name, b != nil, err)
		}
	}
	twin, twinChunks := chunksOf(t, world{}.Tokens(1))
	twin.Tokens, twin.Chunks = 2, append(twin.Chunks, twin.Chunks...)
	if _, err := Open(twin, nil, (&shelf{chunks: twinChunks}).fetch); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a mint that comes twice: %v", err)
	}
	down := errors.New("the table is down")
	if _, err := Open(m, nil, func(Ref) ([]byte, error) { return nil, down }); !errors.Is(err, down) {
		t.Errorf("fetch's error: %v", err)
	}
}

// TestEveryFlippedBit of a chunk is found, and so is every cut.
func TestEveryFlippedBit(t *testing.T) {
	t.Parallel()
	m, chunks := chunksOf(t, world{}.Tokens(40))
	r := rand.New(rand.NewPCG(1, 1))
	for i, ref := range m.Chunks {
		for range 60 {
			damaged := bytes.Clone(chunks[ref])
			bit := r.IntN(8 * len(damaged))
			damaged[bit/8] ^= 1 << (bit % 8)
			if _, err := Open(m, nil, (&shelf{chunks: mapWith(chunks, ref, damaged)}).fetch); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s, bit %d: %v", ref.Family, bit, err)
			}
		}
		for _, cut := range [][]byte{nil, {}, chunks[ref][:1], chunks[ref][:len(chunks[ref])-1], append(bytes.Clone(chunks[ref]), 0)} {
			if _, err := Open(m, nil, (&shelf{chunks: mapWith(chunks, ref, cut)}).fetch); !errors.Is(err, ErrCorrupt) {
				t.Errorf("chunk %d cut to %d bytes: %v", i, len(cut), err)
			}
		}
	}
}

// TestInflatingIsBounded: a chunk that claims or holds more than a chunk may is refused before it takes memory.
func TestInflatingIsBounded(t *testing.T) { // alone, for it counts what everybody allocates
	bomb, err := (&output{plain: make([]byte, 64<<20)}).compress(keysFamily)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = readChunk(Ref{Family: "keys", Hash: Hash(bomb)}, keysFamily, bomb)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrCorrupt) || after.TotalAlloc-before.TotalAlloc > 8<<20 {
		t.Errorf("%v, %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}

// FuzzChunk decodes any bytes: as a whole chunk, and as what a chunk holds once it is inflated. What is accepted can be read.
func FuzzChunk(f *testing.F) {
	m, chunks := chunksOf(f, scrambled(30, 3))
	for _, ref := range m.Chunks {
		of := familyOf(ref.Family)
		in, err := inflate(of, chunks[ref])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(of), in.rest, in.random)
		f.Add(byte(of), chunks[ref], []byte(nil))
	}
	f.Fuzz(func(t *testing.T, is byte, plain, random []byte) {
		of := family(is % byte(families))
		_, _ = readChunk(Ref{Hash: Hash(plain)}, of, plain)
		if len(plain)+len(random) > maxRaw {
			return
		}
		data, err := (&output{plain: plain, random: random}).compress(of)
		if err != nil {
			t.Fatal(err)
		}
		c, err := readChunk(Ref{Hash: Hash(data)}, of, data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v", err)
			}
			return
		}
		readAll(c, of)
		readWith(t, m, chunks, of, data)
	})
}

// readWith reads what a board tells of a chunk's values when the chunk takes the place of its family's.
func readWith(t *testing.T, m Manifest, chunks map[Ref][]byte, of family, data []byte) {
	t.Helper()
	ref := Ref{plans[of].name, Hash(data), len(data)}
	m.Chunks = append(slices.DeleteFunc(slices.Clone(m.Chunks), func(r Ref) bool { return r.Family == ref.Family }), ref)
	b, err := Open(m, nil, func(r Ref) ([]byte, error) {
		if r == ref {
			return data, nil
		}
		return chunks[r], nil
	})
	if err != nil {
		return // it is of other tokens
	}
	for range b.All() {
	}
	for i := range sorts {
		b.order(i)
	}
	b.Totals(time.Now())
}

// readAll reads every value of a chunk.
func readAll(c *chunk, of family) {
	columns := c.opened(of)
	var tok token.Token
	tok.Pools = make([]token.Pool, 1)
	pools := 0
	for i := range c.tokens {
		if of.pooled() {
			pools += int(c.pools.at(i))
		}
	}
	for k, list := range ofFamily[of].lists() {
		rows := c.tokens
		if k == 1 {
			rows = pools
		}
		for i := range list {
			for row := range rows {
				f := &list[i]
				c := &columns[f.index]
				switch kind, at := c.at(row); {
				case f.form == integer:
					c.int(f, row, &tok, &tok.Pools[0])
				case kind >= firstDerived:
					f.follows[kind-firstDerived].is("", &tok, 0)
				default:
					c.value(f, kind, at, &tok, &tok.Pools[0], new(arena))
				}
			}
		}
	}
}

func FuzzManifest(f *testing.F) {
	m, _ := chunksOf(f, world{}.Tokens(10))
	m.Launchpads = []token.LaunchpadID{testPad}
	f.Add(m.Encode())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		switch {
		case err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat):
			t.Errorf("error %v", err)
		case err == nil && !bytes.Equal(m.Encode(), b):
			again, err := ParseManifest(m.Encode())
			if diff := cmp.Diff(m, again); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		}
	})
}

// TestConcurrentUse asks a board that nobody has asked yet from many sides.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	tokens := world{}.Tokens(300)
	b := makeBoard(t, tokens)
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			page, err := b.Page(Query{Sort: Sorts[i%len(Sorts)], Search: "a", Limit: 20})
			if err != nil || page.Len() != 20 {
				t.Errorf("%d tokens, %v", page.Len(), err)
			}
			for range page.All() {
			}
			if got, ok := b.Token(tokens[i].Mint); !ok || !cmp.Equal(got, tokens[i]) {
				t.Errorf("token %d", i)
			}
			n := 0
			for range b.All() {
				n++
			}
			if n != len(tokens) {
				t.Errorf("%d tokens", n)
			}
		})
	}
	group.Wait()
}

// TestForReaders: readers fetch less, and tell the same of every token but what only a run needs.
func TestForReaders(t *testing.T) {
	t.Parallel()
	tokens := world{}.Tokens(700)
	for i := range tokens {
		tokens[i].Written = tokens[i].WriteMark()
	}
	m, chunks := chunksOf(t, tokens)
	fetched := 0
	b, err := Open(m.ForReaders(), nil, func(ref Ref) ([]byte, error) {
		if fetched++; ref.Family == plans[writtenFamily].name {
			t.Errorf("fetched %s of %s", ref.Hash, ref.Family)
		}
		return chunks[ref], nil
	})
	if err != nil || fetched == 0 || fetched >= len(m.Chunks) {
		t.Fatalf("%d of %d chunks: %v", fetched, len(m.Chunks), err)
	}
	want := slices.Clone(tokens)
	for i := range want {
		if want[i].Written = (token.Written{}); tokens[i].Written == want[i].Written {
			t.Fatal("nothing was remembered of an item")
		}
	}
	compare(t, b, want)
	if whole, err := Open(m, b, func(ref Ref) ([]byte, error) { return chunks[ref], nil }); err != nil {
		t.Error(err)
	} else {
		compare(t, whole, tokens)
	}
}
