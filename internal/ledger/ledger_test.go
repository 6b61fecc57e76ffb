package ledger_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

var noon = time.Date(2026, 2, 5, 12, 0, 0, 0, time.UTC)

// curve returns a token whose partner and creator each have half of the fees and have claimed none.
func curve(stage token.Stage, fees token.Number) token.Token {
	half := fees.Mul("0.5")
	share := token.Share{UnclaimedQuote: half}
	c := token.Curve{Stage: stage, Earnings: token.Earnings{VolumeQuote: fees.Mul("125"), FeesQuote: fees, Partner: share, Creator: share}}
	p := token.Pool{Address: "curve", QuoteMint: token.SOL, QuoteSymbol: "SOL", QuoteUSD: "100", CreatedAt: noon.UnixMilli(), Curve: c}
	return token.Token{Mint: "mint", CurvePool: "curve", Curve: c, CreatedAt: noon.UnixMilli(), Pools: []token.Pool{p}}
}

// dayOf returns b's day when tokens are on the board.
func dayOf(b *ledger.Books, tokens ...token.Token) ledger.Day {
	var s ledger.Standing
	for i := range tokens {
		s.Add(&tokens[i])
	}
	b.Close(&s, noon)
	return b.Day(&s)
}

// TestEnter enters what has become of one token.
func TestEnter(t *testing.T) {
	t.Parallel()
	unknown, other := curve(token.Bonding, "3"), curve(token.Bonding, "9")
	unknown.Pools[0].Curve.Earnings = token.Earnings{}
	other.Pools[0].QuoteMint = token.USDC
	type sums struct {
		volume, fees, partner          token.Number
		launched, completed, graduated int
	}
	for _, test := range []struct {
		name          string
		before, after token.Token
		want          sums
	}{
		{"nothing happens", curve(token.Bonding, "1"), curve(token.Bonding, "1"), sums{"0", "0", "0", 0, 0, 0}},
		{"a trade", curve(token.Bonding, "1"), curve(token.Bonding, "1.000000001"), sums{"0.000000125", "0.000000001", "0.0000000005", 0, 0, 0}},
		{"sold out", curve(token.Bonding, "1"), curve(token.Migrating, "2"), sums{"125", "1", "0.5", 0, 1, 0}},
		{"migrated", curve(token.Migrating, "2"), curve(token.Graduated, "2"), sums{"0", "0", "0", 0, 0, 1}},
		{"both at once", curve(token.Bonding, "1"), curve(token.Graduated, "2"), sums{"125", "1", "0.5", 0, 1, 1}},
		{"a node that lags", curve(token.Graduated, "2"), curve(token.Bonding, "1"), sums{"0", "0", "0", 0, 0, 0}},
		{"known for the first time", unknown, curve(token.Bonding, "3"), sums{"0", "0", "0", 0, 0, 0}},
		{"not known any more", curve(token.Bonding, "3"), unknown, sums{"", "", "", 0, 0, 0}},
		{"no curve before", token.Token{Mint: "mint"}, curve(token.Migrating, "3"), sums{"0", "0", "0", 0, 0, 0}},
		{"no curve any more", curve(token.Bonding, "3"), token.Token{Mint: "mint"}, sums{"", "", "", 0, 0, 0}},
		{"another quote", curve(token.Bonding, "3"), other, sums{"0", "0", "0", 0, 0, 0}},
	} {
		b := ledger.Begin(noon)
		b.Enter(&test.before, &test.after)
		d := dayOf(&b, test.after)
		got := sums{launched: d.Launched, completed: d.Completed, graduated: d.Graduated}
		if len(d.Quotes) > 0 {
			got.volume, got.fees, got.partner = d.Quotes[0].Volume, d.Quotes[0].Fees, d.Quotes[0].Partner
		}
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// TestLaunch: all that a token has done, unless it was launched before anybody kept books.
func TestLaunch(t *testing.T) {
	t.Parallel()
	b := ledger.Begin(noon)
	late, new := curve(token.Graduated, "5"), curve(token.Migrating, "2")
	late.CreatedAt--
	b.Launch(&late)
	if d := dayOf(&b, late); d.Launched+d.Completed+d.Graduated != 0 || d.Quotes[0].Fees != "0" || d.Quotes[0].Lifetime.Fees != "5" {
		t.Errorf("found late: %+v", d)
	}
	b.Launch(&new)
	if d := dayOf(&b, late, new); d.Launched != 1 || d.Completed != 1 || d.Graduated != 0 || d.Quotes[0].Fees != "2" || d.Quotes[0].PartnerDue != "3.5" {
		t.Errorf("new: %+v", d)
	}
}

// TestWhatIsOwedGoesOn: counters that went backwards and come forward again are not counted twice, over midnight too.
func TestWhatIsOwedGoesOn(t *testing.T) {
	t.Parallel()
	high, low, higher := curve(token.Migrating, "2"), curve(token.Bonding, "1"), curve(token.Graduated, "3")
	b := ledger.Begin(noon)
	b.Enter(&high, &low)
	if d := dayOf(&b, low); d.Completed != 0 || d.Quotes[0].Fees != "0" || d.Quotes[0].Partner != "0" {
		t.Errorf("below zero: %+v", d)
	}
	next := noon.Add(24 * time.Hour)
	if b.IsOver(noon.Add(11*time.Hour)) || !b.IsOver(next) {
		t.Error("the day ends at another time")
	}
	b = b.Next(next)
	b.Enter(&low, &higher)
	if d := dayOf(&b, higher); d.Date != "2026-02-06" || d.Completed != 0 || d.Graduated != 1 || d.Quotes[0].Fees != "1" || d.From != noon.UnixMilli() {
		t.Errorf("the day after: %+v", d)
	}
}

// TestNextBeginsWithNothing: a new day has none of the day before.
func TestNextBeginsWithNothing(t *testing.T) {
	t.Parallel()
	b := ledger.Begin(noon)
	before, after := curve(token.Bonding, "1"), curve(token.Graduated, "2")
	b.Enter(&before, &after)
	dayOf(&b, after)
	b = b.Next(noon.Add(40 * time.Hour))
	d := dayOf(&b, after)
	if d.Date != "2026-02-07" || d.Completed+d.Graduated != 0 || d.Quotes[0].Fees != "0" || len(d.Took) != 0 {
		t.Errorf("%+v", d)
	}
}

// TestResume goes on from the stored day: the difference of lifetimes is entered, and that of tokens is not.
func TestResume(t *testing.T) {
	t.Parallel()
	one, two := curve(token.Bonding, "1"), curve(token.Bonding, "2")
	for _, test := range []struct {
		name string
		now  time.Time
		date string
		fees token.Number
		n    int
	}{
		{"on the day", noon.Add(time.Hour), "2026-02-05", "8", 1},
		{"on another", noon.Add(24 * time.Hour), "2026-02-06", "7", 0},
	} {
		b := ledger.Begin(noon)
		b.Launch(&one)
		stored := dayOf(&b, one) // a lifetime of 1, of which 1 is of the day
		again := ledger.Resume(&stored, test.now)
		stale, now := curve(token.Bonding, "0.25"), curve(token.Bonding, "6")
		again.Enter(&stale, &now)
		again.Enter(&two, &two)
		d := dayOf(&again, now, two)
		if d.Date != test.date || d.Quotes[0].Fees != test.fees || d.Launched != test.n || d.Since != stored.Since || d.From != noon.UnixMilli() {
			t.Errorf("%s: %+v", test.name, d)
		}
		again.Enter(&now, &two)
		if d := dayOf(&again, two, two); d.Quotes[0].Fees != test.fees.Add("-4") {
			t.Errorf("%s: the run after: %+v", test.name, d)
		}
	}
}

// TestTook lists how long curves took that were completed in the books' time, and keeps a fair choice of many.
func TestTook(t *testing.T) {
	t.Parallel()
	var tokens []token.Token
	at := func(began, ended time.Duration) {
		tok := curve(token.Migrating, "1")
		tok.Pools[0].CreatedAt = noon.Add(began).UnixMilli()
		tok.Pools[0].Curve.CompletedAt = noon.Add(ended).UnixMilli()
		tokens = append(tokens, tok)
	}
	b := ledger.Begin(noon)
	if d := dayOf(&b, curve(token.Bonding, "1")); d.Took != nil {
		t.Errorf("%v", d.Took)
	}
	if s, ok := ledger.Median(nil); ok {
		t.Errorf("the median of nothing is %d", s)
	}
	at(-time.Hour, -time.Second) // the day before
	at(-time.Hour, time.Hour)
	at(2*time.Hour, time.Hour) // no clock
	at(0, 30*time.Second)
	at(0, time.Hour)
	d := dayOf(&b, tokens...)
	if diff := gocmp.Diff([]int64{30, 3600, 7200}, d.Took); diff != "" {
		t.Error(diff)
	}
	if s, _ := ledger.Median(d.Took); s != 3600 {
		t.Errorf("median %d", s)
	}
	tokens = nil
	for i := range 5000 {
		at(0, time.Duration(i*i)*time.Second)
	}
	d = dayOf(&b, tokens...)
	if s, _ := ledger.Median(d.Took); len(d.Took) != 400 || s < 2450*2450 || s > 2550*2550 {
		t.Errorf("%d times with the median %d", len(d.Took), s)
	}
}

// TestSame: prices and the time of the last run make no difference, everything else does.
func TestSame(t *testing.T) {
	t.Parallel()
	day := func() ledger.Day {
		b := ledger.Begin(noon)
		tok := curve(token.Bonding, "1")
		b.Launch(&tok)
		return dayOf(&b, tok)
	}
	for name, change := range map[string]func(*ledger.Day){
		"":            func(d *ledger.Day) { d.At++; d.Quotes[0].USD = "7" },
		"date":        func(d *ledger.Day) { d.Date = "2026-02-06" },
		"from":        func(d *ledger.Day) { d.From++ },
		"launched":    func(d *ledger.Day) { d.Launched++ },
		"completed":   func(d *ledger.Day) { d.Completed++ },
		"graduated":   func(d *ledger.Day) { d.Graduated++ },
		"took":        func(d *ledger.Day) { d.Took = append(d.Took, 1) },
		"volume":      func(d *ledger.Day) { d.Quotes[0].Volume = "0" },
		"unclaimed":   func(d *ledger.Day) { d.Quotes[0].PartnerDue = "0" },
		"lifetime":    func(d *ledger.Day) { d.Quotes[0].Lifetime.Fees = "7" },
		"first price": func(d *ledger.Day) { d.Quotes[0].USD = "" },
		"quotes":      func(d *ledger.Day) { d.Quotes = nil },
	} {
		a, b := day(), day()
		change(&b)
		if a.Same(&b) != (name == "") || b.Same(&a) != (name == "") {
			t.Errorf("%q: the same is %v", name, a.Same(&b))
		}
	}
}

// TestAdd adds up a day of two launchpads.
func TestAdd(t *testing.T) {
	t.Parallel()
	amounts := ledger.Amounts{Volume: "1", Fees: "2", Partner: "3"}
	a := ledger.Day{Date: "2026-02-05", Since: 5, From: 6, At: 7, Launched: 1, Completed: 2, Graduated: 3, Took: []int64{5, 9}, Quotes: []ledger.Quote{
		{Mint: "a", Symbol: "A", Sum: ledger.Sum{Amounts: amounts}, PartnerDue: "1", USD: "100", Lifetime: amounts},
	}}
	b := ledger.Day{Date: "2026-02-05", Since: 4, From: 7, At: 6, Launched: 10, Completed: 20, Graduated: 30, Took: []int64{7}, Quotes: []ledger.Quote{
		{Mint: "b", Sum: ledger.Sum{Amounts: amounts}},
		{Mint: "a", Sum: ledger.Sum{Amounts: ledger.Amounts{Volume: "10", Creators: "4"}, Estimated: true}, CreatorsDue: "2"},
	}}
	a.Add(&b)
	sum := ledger.Amounts{Volume: "11", Fees: "2", Partner: "3", Creators: "4"}
	want := ledger.Day{Date: "2026-02-05", Since: 4, From: 6, At: 7, Launched: 11, Completed: 22, Graduated: 33, Took: []int64{5, 7, 9}, Quotes: []ledger.Quote{
		{Mint: "a", Symbol: "A", Sum: ledger.Sum{Amounts: sum, Estimated: true}, PartnerDue: "1", CreatorsDue: "2", USD: "100", Lifetime: amounts},
		{Mint: "b", Sum: ledger.Sum{Amounts: amounts}},
	}}
	if diff := gocmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
}

// TestBooksAreSmall: they ride in the board's manifest, which every run writes.
func TestBooksAreSmall(t *testing.T) {
	t.Parallel()
	b := ledger.Begin(noon)
	tok := curve(token.Graduated, "12345.678901234")
	b.Launch(&tok)
	text, err := json.Marshal(b)
	if err != nil || len(text) > 300 {
		t.Errorf("%d bytes, error %v: %s", len(text), err, text)
	}
	var again ledger.Books
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(b, again, cmpopts.IgnoreUnexported(ledger.Books{})); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(text), "owed") {
		t.Errorf("%s", text)
	}
}
