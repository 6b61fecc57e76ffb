package rpctest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPages: on every kind of node all pages together show every pool once.
func TestPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		node  Node
		pages int
	}{
		"return-counting": {Node{Kind: ReturnCounting, Strangers: 5000}, 13},
		"zero":            {Node{}, 13},
		"scan-counting":   {Node{Kind: ScanCounting, Strangers: 5000}, 221}, // (5000 + 512 + 3) / 25
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Node: tt.node})
			got, pages := s.walkPages(t, with(poolsOf(s.launchpad()), "limit", 25), 1000)
			want := s.pools(0)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" || len(pages) != tt.pages {
				t.Errorf("%d pages, pools (-want +got):\n%s", len(pages), diff)
			}
		})
	}
}

// TestScanCounting: pages of few rows, a walk that a slot does not shorten, and no plain query.
func TestScanCounting(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Node: Node{Kind: ScanCounting, Strangers: 50_000}})
	o := with(poolsOf(s.launchpad()), "limit", 10_000)
	all, pages := s.walkPages(t, o, 100)
	if len(all) != len(s.pools(0)) || len(pages) != 6 {
		t.Errorf("%d accounts on %d pages", len(all), len(pages))
	}
	for i, p := range pages {
		if n := len(p.Accounts); i < 5 && (n < 40 || n > 90 || p.PaginationKey == nil) {
			t.Errorf("page %d: %d accounts", i, n)
		}
	}
	changed, deltas := s.walkPages(t, with(o, "changedSinceSlot", s.Slot()+1), 100)
	if len(changed) != 0 || len(deltas) != len(pages) {
		t.Errorf("%d changes on %d pages", len(changed), len(deltas))
	}
	r := s.call(t, "getProgramAccounts", spell(dbcProgram), poolsOf(s.launchpad()))
	if r.Error == nil || r.Error.Code != -32600 || r.Error.Message != "too many accounts (50515 pubkeys)" || r.Status != 200 {
		t.Errorf("plain query: %+v", r.Error)
	}
	if got := s.Requests(); got["getProgramAccountsV2"] != 12 || got["getProgramAccounts"] != 1 || s.Credits() != 12+10 {
		t.Errorf("%v cost %d", got, s.Credits())
	}
}

// TestChangedSince: on a node that counts what it returns, changes are few rows on few pages.
func TestChangedSince(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Node: Node{Strangers: 5000}})
	s.Tick()
	s.Tick()
	o := with(with(poolsOf(s.launchpad()), "limit", 100), "changedSinceSlot", s.Slot())
	changed, pages := s.walkPages(t, o, 100)
	if n := len(s.pools(0)); len(changed) == 0 || len(changed) > n*3/4 || len(pages) > 3 {
		t.Errorf("%d of %d changed, %d pages", len(changed), n, len(pages))
	}
}

// TestStrangers: who asks for all pools of the program gets the strangers' as well.
func TestStrangers(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8, Node: Node{Strangers: 400}})
	all := opts{"encoding": "base64", "limit": 10_000, "filters": []opts{memcmp(0, poolKind[:])}}
	got, _ := s.walkPages(t, all, 1)
	if want := 400*3/4 - 7 + 7; len(got) != want { // seven of the strangers' and one of ours have a hook
		t.Errorf("%d pools, want %d", len(got), want)
	}
	again, _ := s.walkPages(t, with(all, "limit", 7), 1000)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("in small pages (-one +many):\n%s", diff)
	}
	s.SetNode(Node{MaxLimit: 1000})
	if r := s.call(t, "getProgramAccountsV2", spell(dbcProgram), with(all, "limit", 1001)); r.Error == nil || r.Error.Code != badParams {
		t.Errorf("above the limit: %+v", r)
	}
	s.SetNode(Node{Strangers: 400})
	stranger := strangerConfig.key(3)
	if got, _ := s.walkPages(t, with(poolsOf(stranger), "limit", 10), 1); len(got) != 2 {
		t.Errorf("%d pools of a stranger's config with one in three a hook's", len(got))
	}
}

func TestShapes(t *testing.T) { //nolint:tparallel // one after the other: each sets the node
	t.Parallel()
	s := start(t, Config{Tokens: 16})
	o := with(poolsOf(s.launchpad()), "limit", 6)
	t.Run("wrapped", func(t *testing.T) {
		s.SetNode(Node{Kind: Wrapped})
		p := s.readPage(t, o)
		if p.Accounts != nil || p.Value == nil || len(p.Value.Accounts) != 6 || p.Value.PaginationKey == nil || p.Context.Slot != s.Slot() {
			t.Errorf("%+v", p)
		}
	})
	t.Run("cursor", func(t *testing.T) {
		s.SetNode(Node{Kind: Cursor})
		p := s.readPage(t, o).Value
		if len(p.Accounts) != 6 || p.PaginationKey != nil || !*p.HasMore || p.NextCursor == nil || p.TotalCount != 10 {
			t.Fatalf("%+v", p)
		}
		if again := s.readPage(t, with(o, "paginationKey", *p.NextCursor)).Value; again.Accounts[0].Pubkey != p.Accounts[0].Pubkey {
			t.Error("a paginationKey was heeded")
		}
		p = s.readPage(t, with(o, "cursor", *p.NextCursor)).Value
		if len(p.Accounts) != 4 || *p.HasMore || p.NextCursor != nil || p.TotalCount != 10 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("withContext", func(t *testing.T) {
		s.SetNode(Node{Kind: ScanCounting})
		p := s.readPage(t, with(o, "withContext", true))
		if p.Context == nil || p.Value == nil || len(p.Value.Accounts) == 0 {
			t.Errorf("%+v", p)
		}
		if p := s.readPage(t, o); p.Context != nil || len(p.Accounts) == 0 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("plain", func(t *testing.T) {
		s.SetNode(Node{Kind: Plain})
		if r := s.call(t, "getProgramAccountsV2", spell(dbcProgram), o); r.Error == nil || r.Error.Code != -32601 {
			t.Errorf("V2: %+v", r)
		}
		var all rows
		s.call(t, "getProgramAccounts", spell(dbcProgram), poolsOf(s.launchpad())).into(t, &all)
		if len(all) != 10 {
			t.Errorf("%d accounts", len(all))
		}
	})
}

// TestEnds are the ways in which walks end, or do not.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  End
		rows []int
		same [2]int // pages with the same key
		more bool   // a key is on the last page that was read
	}{
		"null":                {EndNull, []int{4, 4, 2}, [2]int{}, false},
		"key stays":           {KeyStays, []int{4, 4, 2, 0}, [2]int{}, false},
		"empty page repeats":  {KeyRepeats, []int{4, 4, 2, 0, 0, 0}, [2]int{2, 3}, true},
		"keys A, B, A":        {Circle, []int{4, 4, 2, 4, 2, 4}, [2]int{0, 2}, true},
		"no key on full page": {NoKey, []int{4}, [2]int{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Tokens: 16, Fault: Always(Fault{End: tt.end})})
			_, pages := s.walkPages(t, with(poolsOf(s.launchpad()), "limit", 4), 6)
			var got []int
			for _, p := range pages {
				got = append(got, len(p.Accounts))
			}
			if diff := cmp.Diff(tt.rows, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if last := pages[len(pages)-1].PaginationKey; (last != nil) != tt.more {
				t.Errorf("the last page's key is there: %t", last != nil)
			}
			if a, b := tt.same[0], tt.same[1]; a != b && *pages[a].PaginationKey != *pages[b].PaginationKey {
				t.Errorf("pages %d and %d have other keys", a, b)
			}
		})
	}
}

// TestOddAnswers are whole answers that must not be believed.
func TestOddAnswers(t *testing.T) { //nolint:tparallel // one after the other: each sets the fault
	t.Parallel()
	s := start(t, Config{Tokens: 16})
	o := with(poolsOf(s.launchpad()), "limit", 100)
	s.Tick()
	t.Run("pools of others", func(t *testing.T) {
		s.SetFault(Always(Fault{Foreign: 3}))
		p := s.readPage(t, o)
		if len(p.Accounts) != 13 || p.Accounts[0].Pubkey != spell(strangerPool.key(0)) {
			t.Errorf("%d accounts", len(p.Accounts))
		}
	})
	t.Run("nothing at all", func(t *testing.T) {
		s.SetFault(Always(Fault{Empty: true}))
		if p := s.readPage(t, o); len(p.Accounts) != 0 || p.PaginationKey != nil {
			t.Errorf("%+v", p)
		}
		if r := s.call(t, "getProgramAccounts", spell(dbcProgram), o); string(r.Result) != "[]" {
			t.Errorf("%s", r.Result)
		}
	})
	t.Run("another id", func(t *testing.T) {
		s.SetFault(Always(Fault{WrongID: true}))
		if r := s.call(t, "getSlot"); string(r.ID) == "7" || r.Result == nil {
			t.Errorf("%+v", r)
		}
	})
	t.Run("no owner", func(t *testing.T) {
		s.SetFault(Always(Fault{NoOwner: true}))
		if p := s.readPage(t, o); len(p.Accounts) == 0 || p.Accounts[0].Account.Owner != "" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("a slot that goes backwards", func(t *testing.T) {
		s.SetFault(OnRequest("getMultipleAccounts", 2, Fault{SlotBack: 50}))
		var slots []uint64
		for range 3 {
			var p struct{ Context struct{ Slot uint64 } }
			s.call(t, "getMultipleAccounts", []string{s.Launchpad()}, opts{"encoding": "base64"}).into(t, &p)
			slots = append(slots, p.Context.Slot)
		}
		if diff := cmp.Diff([]uint64{s.Slot(), s.Slot() - 50, s.Slot()}, slots); diff != "" {
			t.Errorf("slots (-want +got):\n%s", diff)
		}
	})
}

// TestErrors: every error can come once or for good, by method.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	for name, f := range map[string]Fault{
		"deprioritized": Deprioritized, "use V2": DeprioritizedUseV2, "too many": TooManyAccounts, "overloaded": Overloaded,
		"rate limit": RateLimited, "plan cap": PlanCap, "slow down": {Code: -32007, Message: "slow down"},
	} {
		s.SetFault(Times(1, OnMethod("getSlot", f)))
		s.call(t, "getBlockTime", s.Slot())
		if r := s.call(t, "getSlot"); r.Error == nil || r.Error.Code != f.Code || r.Error.Message != f.Message || r.Status != 200 {
			t.Errorf("%s: %+v", name, r)
		}
		if r := s.call(t, "getSlot"); r.Error != nil {
			t.Errorf("%s, a second time: %+v", name, r.Error)
		}
	}
	s.SetFault(FirstOf(OnMethod("getSlot", PaymentRequired), Always(Fault{Status: 429, RetryAfter: "3"})))
	for range 2 {
		if r := s.call(t, "getSlot"); r.Status != 402 {
			t.Errorf("status %d", r.Status)
		}
	}
	if r := s.call(t, "getBlockTime", 1); r.Status != 429 {
		t.Errorf("status %d", r.Status)
	}
}

// TestSlowNode: headers wait for a gate, and so does the body in its midst, from where it may never come.
func TestSlowNode(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 512, Node: Node{Kind: Plain}})
	_, whole, err := s.post(t, "getProgramAccounts", spell(dbcProgram), poolsOf(s.launchpad()))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(f Fault, open func()) (body []byte, err error) {
		s.SetFault(Always(f))
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, body, err = s.post(t, "getProgramAccounts", spell(dbcProgram), poolsOf(s.launchpad()))
		}()
		open()
		<-done
		return body, err
	}
	gate, bodyGate := make(chan struct{}), make(chan struct{})
	if body, err := ask(Fault{Gate: gate, BodyGate: bodyGate, After: 100_000}, func() { close(gate); close(bodyGate) }); err != nil || string(body) != string(whole) {
		t.Errorf("%d bytes of %d, %v", len(body), len(whole), err)
	}
	if body, err := ask(Fault{Cut: Truncate, After: 100_000}, func() {}); err != nil || string(body) != string(whole[:100_000]) || json.Valid(body) {
		t.Errorf("truncated: %d bytes, %v", len(body), err)
	}
	if body, err := ask(Fault{Cut: Reset, After: 100_000}, func() {}); err == nil {
		t.Errorf("reset: %d bytes", len(body))
	}
	if body, err := ask(Fault{Cut: Reset, After: int64(len(whole))}, func() {}); err != nil || len(body) != len(whole) {
		t.Errorf("reset after the end: %d bytes, %v", len(body), err)
	}
}

func TestBlockTime(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Tokens: 8})
	at := func(slot uint64, skipped bool) uint64 {
		for IsSkipped(slot) != skipped {
			slot--
		}
		return slot
	}
	young, old := s.Slot()-1000, s.Slot()-9_000_000
	quick := Node{Kind: ScanCounting, SkippedOld: -32004, Missing: [][2]int{{int(young) - 5000, int(young) - 4000}}}
	for name, tt := range map[string]struct {
		node Node
		slot uint64
		code int
	}{
		"young":                {Node{}, at(young, false), 0},
		"old":                  {Node{}, at(old, false), 0},
		"young, skipped":       {Node{}, at(young, true), -32007},
		"old, skipped":         {Node{}, at(old, true), -32009},
		"old, skipped, -32004": {quick, at(old, true), -32004},
		"missing":              {quick, at(young-4100, false), -32009},
		"to come":              {Node{}, s.Slot() + 1, -32004},
		"no history":           {Node{Kind: Wrapped}, at(old, false), -32001},
		"switched off":         {Node{NoOldBlocks: true}, at(old, false), -32001},
		"young, no history":    {Node{Kind: Wrapped}, at(young, false), 0},
	} {
		s.SetNode(tt.node)
		r := s.call(t, "getBlockTime", tt.slot)
		switch {
		case tt.code == 0 && (r.Error != nil || string(r.Result) != strconv.FormatInt(s.TimeOf(tt.slot).Unix(), 10)):
			t.Errorf("%s: %s, %+v", name, r.Result, r.Error)
		case tt.code != 0 && (r.Error == nil || r.Error.Code != tt.code || !strings.Contains(r.Error.Message, strconv.FormatUint(tt.slot, 10))):
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestTimeGoesForward: block times never fall, and stray from a straight line as reported.
func TestTimeGoesForward(t *testing.T) {
	t.Parallel()
	c := New(Config{Tokens: -1})
	worst := int64(0)
	for slot := c.Slot() - 20_000_000; slot < c.Slot(); slot += 9_700 {
		from := slot / 10_000 * 10_000
		a, b, got := c.TimeOf(from).Unix(), c.TimeOf(from+10_000).Unix(), c.TimeOf(slot).Unix()
		if c.TimeOf(slot+1).Unix() < got || a >= b {
			t.Fatalf("time goes back at %d", slot)
		}
		line := a + (b-a)*int64(slot-from)/10_000
		worst = max(worst, line-got, got-line)
	}
	if worst < 3 || worst > 30 {
		t.Errorf("%d s from a straight line between anchors", worst)
	}
}
