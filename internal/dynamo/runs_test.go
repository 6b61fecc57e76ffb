package dynamo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// TestRuns stores records and reads them, newest first, those of the version before too.
func TestRuns(t *testing.T) {
	t.Parallel()
	name := engine.TablesFor(t).Sync
	table := NewSyncTable(engine.Client(), name)
	start := time.UnixMilli(1770317281123).UTC()
	record := syncrun.Record{
		RunID: "WXSCNV477R4ICKVZ2UIR246DXR", Mode: "full", Status: syncrun.Succeeded, StartedAt: start, DurationMS: 12315, PoolsScanned: 20000,
		Launchpads: []token.LaunchpadID{"56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"}, PoolsMatched: 1769, TokensNew: 1012, Delisting: "done",
	}
	for _, product := range token.Products {
		record.Products = append(record.Products, syncrun.ProductRecord{
			Product: product, Status: syncrun.Succeeded, PoolsScanned: 20000, PoolsMatched: 571, DurationMS: 3161,
			Notes: []string{"the server allows 300 requests a window of unknown length", "pools were asked for by token_x as [a,b]"},
		})
	}
	old := record
	old.RunID = "old"
	old.StartedAt = start.Add(-time.Minute)
	b, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	it := item{attrPK: text(runKey), attrSK: text("2026-02-05T18:47:01.123Z#old"), attrRecord: text(string(b))}
	if _, err := engine.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: it}); err != nil {
		t.Fatal(err)
	}
	if err := table.SaveRun(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	got, err := table.Runs(t.Context(), 10)
	if diff := gocmp.Diff([]syncrun.Record{record, old}, got); diff != "" || err != nil {
		t.Errorf("error %v: %s", err, diff)
	}
	var e encoder
	if packed, err := e.pack(record); err != nil || len(packed) > 900 {
		t.Errorf("%d bytes of %d, error %v", len(packed), len(b), err)
	}
}
