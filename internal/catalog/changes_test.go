package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/study"
	"tokensync/internal/token"
)

const minute = 60_000 // milliseconds

// chain publishes boards of one epoch, each a step after the one before, and keeps the points that are due.
type chain struct {
	boards []*board.Board
	epoch  uint64
	step   int64 // milliseconds
	points board.Points
	parts  map[board.PartKey][]byte
}

// at returns the moment of the n-th board.
func (c *chain) at(n int) int64 { return apitest.Epoch.UnixMilli() + int64(n)*c.step }

func (c *chain) publish(tb testing.TB, tokens []token.Token) {
	tb.Helper()
	m := board.Manifest{
		Version: int64(len(c.boards)) + 1, SyncedAt: c.at(len(c.boards)), Launchpads: []token.LaunchpadID{first},
	}
	var before *board.Board
	if n := len(c.boards); n > 0 {
		before = c.boards[n-1]
	}
	shown := map[string]bool{}
	for t := range apitest.Held(tokens) {
		if t.Status == token.Listed {
			shown[t.Mint] = true
		}
	}
	m.Follow(before, c.epoch, shown)
	others := c.points
	c.sample(tb, time.UnixMilli(m.SyncedAt), tokens)
	if before != nil {
		were := before.Manifest()
		m.Refer(c.points, &were, others)
	}
	b, err := board.Make(m, apitest.Held(tokens))
	if err != nil {
		tb.Fatal(err)
	}
	if err := b.Recall(c.points, before, func([]board.PartKey) (map[board.PartKey][]byte, error) { return c.parts, nil }); err != nil {
		tb.Fatal(err)
	}
	c.boards = append(c.boards, b)
}

// sample keeps a point of tokens if one is due.
func (c *chain) sample(tb testing.TB, at time.Time, tokens []token.Token) {
	tb.Helper()
	next, isDue := c.points.Next(at)
	if !isDue {
		return
	}
	w := board.NewPointWriter(next)
	for i := range tokens {
		w.Add(&tokens[i])
	}
	p, parts, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	if c.parts == nil {
		c.parts = map[board.PartKey][]byte{}
	}
	for i, data := range parts {
		c.parts[board.PartKey{At: p.At, Part: i}] = data
	}
	c.points = c.points.With(p)
}

func (c *chain) now() int64 { return c.at(len(c.boards)) }

// instance returns a reader that shows the board of a version.
func instance(b *board.Board) *catalog.Catalog { return (&store{board: b}).catalog() }

// rowsOf returns rows as they are written, by mint.
func rowsOf(tb testing.TB, text []byte) map[string]string {
	tb.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(slices.Concat([]byte("["), text, []byte("]")), &list); err != nil {
		tb.Fatal(err)
	}
	rows := map[string]string{}
	for _, raw := range list {
		var key struct{ Mint string }
		if err := json.Unmarshal(raw, &key); err != nil || rows[key.Mint] != "" {
			tb.Fatalf("%s: twice, or %v", key.Mint, err)
		}
		rows[key.Mint] = string(raw)
	}
	return rows
}

// TestNothingIsMissed follows the changes while runs publish, each minute or, as a watch does, each second, asking instances
// that show the newest board or one of those before it: what a client has in the end is what the newest board lists, with the
// changes and windows that move by themselves.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(study.Size(3, 30)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			fresh := 520 // more than an answer holds
			tokens := apitest.Tokens(fresh, first)
			c, versions := &chain{epoch: seed + 1, step: minute}, 2 // that instances show
			switch seed % 3 {
			case 1:
				c.step, versions = 1000, 5
			case 2:
				c.step, versions = 20_000, 3
			}
			for i := range tokens {
				tokens[i].UpdatedAt = apitest.Epoch.UnixMilli()
			}
			c.publish(t, tokens)
			pick := func() *catalog.Catalog { return instance(c.boards[max(0, len(c.boards)-1-r.IntN(versions))]) }
			held := map[string]string{}
			begin, err := pick().Changes(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			since := begin.Version
			const rounds, lively = 70, 60
			for round := range rounds {
				if round < lively && r.IntN(2) == 0 {
					tokens = rename(tokens, r, &fresh, c.now())
					c.publish(t, tokens)
				}
				asked := pick()
				if round >= lively {
					asked = instance(c.boards[len(c.boards)-1])
				}
				got, err := asked.Changes(t.Context(), since)
				if err != nil {
					t.Fatal(err)
				}
				maps.Copy(held, rowsOf(t, got.Rows))
				for _, mint := range got.Gone {
					delete(held, mint)
				}
				since = got.Version
			}
			want, since5m := map[string]string{}, map[int64]bool{}
			for x := range c.boards[len(c.boards)-1].All() {
				if x.Status == token.Listed {
					want[x.Mint] = string(x.AppendRow(nil))
					since5m[x.Since[0]] = true
				}
			}
			if c.step != 1000 && (len(since5m) < 2 || len(c.points) < 3) {
				t.Errorf("no row's change is since a point: %v", since5m)
			}
			quiet, err := instance(c.boards[len(c.boards)-1]).Changes(t.Context(), since)
			if err != nil || len(quiet.Rows)+len(quiet.Gone) > 0 || quiet.More || quiet.Version != since {
				t.Errorf("without a change: %d bytes, %v, version %s after %s, error %v", len(quiet.Rows), quiet.Gone, quiet.Version, since, err)
			}
			if diff := cmp.Diff(want, held); diff != "" {
				t.Errorf("%d tokens held, %d listed (-listed +held):\n%.1000s", len(held), len(want), diff)
			}
		})
	}
}

// TestChangesOfOneRun: what changed with the newest board comes once, on however many pages.
func TestChangesOfOneRun(t *testing.T) {
	t.Parallel()
	c := &chain{epoch: 3, step: minute}
	tokens := apitest.Tokens(2*catalog.MaxLimit+60, first)
	for i := range tokens {
		tokens[i].UpdatedAt = c.now()
	}
	c.publish(t, tokens)
	newest, since, counts := instance(c.boards[0]), "", []int{}
	for range 5 {
		got, err := newest.Changes(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		since, counts = got.Version, append(counts, len(rowsOf(t, got.Rows)))
	}
	if diff := cmp.Diff([]int{0, catalog.MaxLimit, catalog.MaxLimit, 60, 0}, counts); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// rename makes a run that changes some tokens: names, so that a client can tell old from new, and what is hidden.
func rename(tokens []token.Token, r *rand.Rand, fresh *int, now int64) (next []token.Token) {
	for _, t := range tokens {
		if r.IntN(50) == 0 {
			continue
		}
		if r.IntN(20) == 0 {
			t.Status, t.UpdatedAt = []token.Status{token.Listed, token.Hidden}[r.IntN(2)], now
		}
		if r.IntN(3) == 0 {
			t.Name, t.UpdatedAt = fmt.Sprint("name ", r.IntN(1e6)), now
		}
		next = append(next, t)
	}
	for range r.IntN(3) {
		*fresh++
		t := apitest.Tokens(*fresh, first)[*fresh-1]
		t.UpdatedAt = now
		next = append(next, t)
	}
	return next
}

func TestChangesRefuse(t *testing.T) {
	t.Parallel()
	c := &chain{epoch: 12345, step: minute}
	c.publish(t, apitest.Tokens(3, first))
	newest := instance(c.boards[0])
	begin, err := newest.Changes(t.Context(), "")
	if err != nil || begin.Rows != nil || begin.Gone != nil {
		t.Fatalf("%+v, error %v", begin, err)
	}
	epoch, _, _ := strings.Cut(begin.Version, ".")
	far := (&chain{epoch: 12345, step: minute, boards: make([]*board.Board, 1000)}).now()
	for name, since := range map[string]string{
		"nonsense": "x", "three dots": "1.2.3.4", "no number": epoch + ".!", "upper case": strings.ToUpper(begin.Version),
		"a mint that is not one": begin.Version + ".mint", "minus": epoch + ".-0", "the future": epoch + "." + base36(far),
	} {
		if got, err := newest.Changes(t.Context(), since); !isBad(err, "since") {
			t.Errorf("%s: %+v, error %v", name, got, err)
		}
	}
	for name, since := range map[string]string{"too old": epoch + ".1", "another stack": "zz" + begin.Version} {
		if got, err := newest.Changes(t.Context(), since); !errors.Is(err, catalog.ErrGone) {
			t.Errorf("%s: %+v, error %v", name, got, err)
		}
	}
	if _, err := instance(nil).Changes(t.Context(), ""); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("no board: error %v", err)
	}
}

func base36(n int64) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	s := ""
	for ; n > 0; n /= 36 {
		s = string(digits[n%36]) + s
	}
	return s
}

// TestGoneIsBounded forgets what left long ago, and says so to who asks for it.
func TestGoneIsBounded(t *testing.T) {
	t.Parallel()
	tokens := apitest.Tokens(500, first)
	c := &chain{epoch: 9, step: minute}
	c.publish(t, tokens)
	begin, err := instance(c.boards[0]).Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	c.publish(t, tokens[:100])
	m := c.boards[1].Manifest()
	if len(m.Gone) > 200 {
		t.Errorf("%d mints are kept", len(m.Gone))
	}
	if _, err := instance(c.boards[1]).Changes(t.Context(), begin.Version); !errors.Is(err, catalog.ErrGone) {
		t.Errorf("error %v", err)
	}
	for range 70 {
		c.publish(t, tokens[:100])
	}
	if m := c.boards[len(c.boards)-1].Manifest(); len(m.Gone) != 0 {
		t.Errorf("%d mints are kept after an hour", len(m.Gone))
	}
}
