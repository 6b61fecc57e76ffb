package dynamo

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TestFirstBoardAtOnce: a reader's first board comes with its points, in one request for many items. What is missing of them is
// asked for once more, and then a warning.
func TestFirstBoardAtOnce(t *testing.T) {
	t.Parallel()
	api := &boardAPI{Client: engine.Client()}
	name := engine.TablesFor(t).Board
	publishPoint(t, NewBoardTable(api, name), 70, "2")
	isPoint := func(it map[string]types.AttributeValue) bool {
		return strings.HasPrefix(item(it).getText(attrPK), "POINT#")
	}
	for _, test := range []struct {
		name                      string
		lost                      bool
		requests, points, warning int
	}{{"all there", false, 1, 2, 0}, {"points lost", true, 2, 0, 1}} {
		requests, points := 0, 0
		api.many = func(_ *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) {
			requests++
			var kept []map[string]types.AttributeValue
			for _, it := range out.Responses[name] {
				switch {
				case !isPoint(it):
					kept = append(kept, it)
				case !test.lost:
					kept, points = append(kept, it), points+1
				}
			}
			out.Responses[name] = kept
		}
		reader, warnings := reading(api, name)
		b, err := reader.Board(t.Context())
		if err != nil || b.Len() != 300 {
			t.Fatalf("%s: %v", test.name, err)
		}
		if requests != test.requests || points != test.points || len(warnings()) != test.warning {
			t.Errorf("%s: %d requests with %d parts of points, want %d with %d; %d warnings, want %d: %q",
				test.name, requests, points, test.requests, test.points, len(warnings()), test.warning, warnings())
		}
	}
}
