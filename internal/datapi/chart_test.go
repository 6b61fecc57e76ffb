package datapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

var monday = time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)

func TestFold(t *testing.T) {
	t.Parallel()
	at := func(minutes int, usd token.Number) Price {
		return Price{monday.Add(time.Duration(minutes) * time.Minute), usd, "1"}
	}
	prices := []Price{at(0, "2"), at(5, "4"), at(10, "1"), at(15, ""), at(20, "3"), at(3*24*60, "5")} // the last is in April
	c := func(minutes int, open, high, low, end, volume token.Number) candle {
		return candle{monday.Unix() + int64(minutes)*60, open, high, low, end, volume}
	}
	all := span{interval: "15_MINUTE", from: monday, to: monday.AddDate(0, 1, 0), candles: 10}
	with := func(change func(*span)) span {
		s := all
		change(&s)
		return s
	}
	for _, test := range []struct {
		name string
		span span
		want []candle
	}{
		{"by the quarter of an hour", all, []candle{c(0, "2", "4", "1", "1", "3"), c(15, "1", "3", "1", "3", "1"), c(3*24*60, "3", "5", "3", "5", "1")}},
		{"no finer than they are", with(func(s *span) { s.interval, s.to = "1_SECOND", monday.Add(6*time.Minute) }), []candle{c(0, "2", "2", "2", "2", "1"), c(5, "2", "4", "2", "4", "1")}},
		{"the newest", with(func(s *span) { s.candles = 1 }), []candle{c(3*24*60, "3", "5", "3", "5", "1")}},
		{"from, and up to", with(func(s *span) { s.from, s.to = monday.Add(5*time.Minute), monday.Add(10*time.Minute) }), []candle{c(0, "4", "4", "4", "4", "1")}},
		{"by the week", with(func(s *span) { s.interval = "1_WEEK" }), []candle{c(0, "2", "5", "1", "5", "5")}},
		{"by the month", with(func(s *span) { s.interval = month }), []candle{c(-29*24*60, "2", "4", "1", "3", "4"), c(2*24*60, "3", "5", "3", "5", "1")}},
		{"nothing", with(func(s *span) { s.to = monday }), []candle{}},
	} {
		if diff := cmp.Diff(test.want, test.span.fold(prices, 5*time.Minute)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if diff := cmp.Diff([]candle{c(0, "4", "8", "2", "2", "3")}, times([]candle{c(0, "2", "4", "1", "1", "3")}, "2")); diff != "" {
		t.Errorf("market cap: %s", diff)
	}
	if got := times(all.fold(prices, 0), ""); len(got) != 0 || got == nil {
		t.Errorf("market cap of an unknown supply: %v", got)
	}
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	for query, bad := range map[string]string{
		"": "", "interval=1_SECOND type=price candles=1 from=0 to=253402300799999 baseAsset=" + token.SOL: "", "candles=99999999": "",
		"interval=1_YEAR": "interval", "interval=1_second": "interval", "type=volume": "type", "baseAsset=me": "baseAsset",
		"candles=0": "candles", "candles=1e3": "candles", "candles=-1": "candles", "from=+1": "from", "from=-1": "from", "to=tomorrow": "to",
		"to=253402300800000": "to", "to=99999999999999999999": "to",
	} {
		s, err := parseSpan(valuesOf(query), monday)
		parameter, isBad := errors.AsType[*catalog.ParameterError](err)
		if bad != "" && (!isBad || parameter.Name != bad) || bad == "" && err != nil {
			t.Errorf("%q: error %v, want %q at fault", query, err, bad)
		}
		if err == nil && (s.candles < 1 || s.candles > maxCandles) {
			t.Errorf("%q: %d candles", query, s.candles)
		}
	}
	s, err := parseSpan(valuesOf(""), monday)
	if want := (span{"15_MINUTE", monday.Add(-farthest), monday, maxCandles, false}); err != nil || s != want {
		t.Errorf("by default %+v, %v", s, err)
	}
}

func valuesOf(query string) func(string) string {
	values := map[string]string{}
	for pair := range strings.FieldsSeq(query) {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// FuzzSpan: any parameters are refused by name, or make a chart that is bounded and in order.
func FuzzSpan(f *testing.F) {
	f.Add("1_MONTH", "0", "1", "5", "mcap", uint16(7))
	f.Add("", "", "", "", "", uint16(3000))
	f.Fuzz(func(t *testing.T, interval, from, to, candles, kind string, n uint16) {
		values := map[string]string{"interval": interval, "from": from, "to": to, "candles": candles, "type": kind}
		s, err := parseSpan(func(name string) string { return values[name] }, monday)
		if err != nil {
			if _, isBad := errors.AsType[*catalog.ParameterError](err); !isBad {
				t.Fatal(err)
			}
			return
		}
		var prices []Price
		for i := range int(n) {
			prices = append(prices, Price{s.to.Add(time.Duration(i-int(n)) * time.Minute), "1", ""})
		}
		got := s.fold(prices, time.Minute)
		if len(got) > s.candles || len(got) > maxCandles {
			t.Fatalf("%d candles of %d", len(got), s.candles)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Time <= got[i-1].Time {
				t.Fatalf("candle %d is of %d, the one before of %d", i, got[i].Time, got[i-1].Time)
			}
		}
	})
}

func TestNoHistory(t *testing.T) {
	t.Parallel()
	if prices, _, err := (NoHistory{}).Prices(context.Background(), token.SOL, monday, monday); len(prices) > 0 || err != nil {
		t.Errorf("%v, %v", prices, err)
	}
}
