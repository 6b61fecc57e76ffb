package dynamo

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/ledger"
	"tokensync/internal/token"
)

// aDay returns a day with something in every field.
func aDay(date string) ledger.Day {
	amounts := ledger.Amounts{Volume: "123.456789012", Fees: "0.987654321", Partner: "0.5", Creators: "18446744073.709551615"}
	return ledger.Day{
		Date: date, Since: 1770317281123, From: 1770317281124, At: 1770317281125, Launched: 12, Completed: 3, Graduated: 2, Took: []int64{60, 3600},
		Quotes: []ledger.Quote{
			{Mint: token.SOL, Symbol: "SOL", Sum: ledger.Sum{Amounts: amounts, Estimated: true}, PartnerDue: "1.5", CreatorsDue: "0", USD: "120.5", Lifetime: amounts},
			{Mint: token.USDC},
		},
	}
}

// TestDays stores days and reads them: a launchpad's own alone, whatever others are called, in their order.
func TestDays(t *testing.T) {
	t.Parallel()
	name := engine.TablesFor(t).Sync
	table := NewSyncTable(engine.Client(), name)
	ids := []token.LaunchpadID{"pad", "pad#2025-01-02", "pa", "pad~"}
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	const many = 450
	var all []ledger.Day
	for i := range many {
		all = append(all, aDay(first.AddDate(0, 0, i).Format(time.DateOnly)))
	}
	if _, ok, err := table.LastDay(t.Context(), "pad"); ok || err != nil {
		t.Errorf("the last day of none: %v, %v", ok, err)
	}
	for i := range all {
		if i == 40 {
			ids = ids[:1]
		}
		for _, id := range ids {
			if err := table.SaveDay(t.Context(), id, &all[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	last, ok, err := table.LastDay(t.Context(), "pad")
	if diff := gocmp.Diff(all[many-1], last); diff != "" || !ok || err != nil {
		t.Errorf("the last day: %v, %v: %s", ok, err, diff)
	}
	for _, test := range []struct {
		from, to string
		want     []ledger.Day
	}{
		{"2025-01-01", "2025-01-01", all[:1]},
		{"2025-01-02", "2025-01-04", all[1:4]},
		{"2024-01-01", "2024-12-31", nil},
		{"2024-12-01", "2025-02-04", all[:35]},
		{"2025-01-01", "2027-01-01", all},
	} {
		got, err := table.Days(t.Context(), "pad", test.from, test.to)
		if diff := gocmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s to %s: error %v: %s", test.from, test.to, err, diff)
		}
	}
	if got, err := table.Days(t.Context(), "p", "2025-01-01", "2027-01-01"); len(got) > 0 || err != nil {
		t.Errorf("another launchpad's: %d days, error %v", len(got), err)
	}
}

// TestADayThatCannotBeRead costs itself alone, and has no TTL.
func TestADayThatCannotBeRead(t *testing.T) {
	t.Parallel()
	name := engine.TablesFor(t).Sync
	table, day := NewSyncTable(engine.Client(), name), aDay("2026-02-05")
	if err := table.SaveDay(t.Context(), "pad", &day); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []item{
		{attrPK: text(dayKey), attrSK: daySortKey("pad", "2026-02-06")},
		{attrPK: text(dayKey), attrSK: daySortKey("pad", "2026-02-07"), attrDay: text("no bytes")},
	} {
		if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: broken}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := table.Days(t.Context(), "pad", "2026-02-01", "2026-02-28"); len(got) != 1 || err != nil {
		t.Errorf("%d days, error %v", len(got), err)
	}
	if _, ok, err := table.LastDay(t.Context(), "pad"); ok || err == nil {
		t.Errorf("a last day that cannot be read: %v, %v", ok, err)
	}
	out, err := engine.Client().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &name, Key: item{attrPK: text(dayKey), attrSK: daySortKey("pad", "2026-02-05")}})
	if err != nil || len(out.Item) != 3 {
		t.Errorf("attributes %v, error %v", fmt.Sprint(out.Item), err)
	}
}

// TestADayTakesOneWriteUnit, also of a busy launchpad with two quotes.
func TestADayTakesOneWriteUnit(t *testing.T) {
	t.Parallel()
	day := aDay("2026-02-05")
	day.Quotes[1] = day.Quotes[0]
	day.Quotes[1].Mint = token.USDC
	for i := range 100 {
		day.Took = append(day.Took, int64(600+i*i*7))
	}
	var e encoder
	if packed, err := e.pack(day); err != nil || len(packed) > 900 {
		t.Errorf("%d bytes, error %v", len(packed), err)
	}
}

func FuzzUnmarshalDay(f *testing.F) {
	var e encoder
	packed, err := e.pack(aDay("2026-02-05"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte(nil), packed...))
	f.Add([]byte{formatJSON})
	f.Fuzz(func(t *testing.T, b []byte) {
		it := item{}
		it.bytes(attrDay, b)
		day, err := unmarshalDay(it)
		if err != nil {
			return
		}
		var e encoder
		again, err := e.pack(day)
		if err != nil {
			t.Fatal(err)
		}
		second := item{}
		second.bytes(attrDay, again)
		if got, err := unmarshalDay(second); err != nil || !got.Same(&day) {
			t.Errorf("%+v became %+v: %v", day, got, err)
		}
	})
}
