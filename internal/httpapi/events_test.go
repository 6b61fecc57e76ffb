package httpapi_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/apigw"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/httpapi"
)

// sampleStatus is what each event of events/ is answered with once the tokens of apitest are stored.
var sampleStatus = map[string]int{
	"list-tokens": 200, "list-tokens-bad-cursor": 400, "get-token": 200, "get-token-not-found": 404, "get-token-bad-mint": 400,
	"token-history": 200, "token-history-bad-range": 400,
	"get-stats": 200, "get-days": 200, "get-days-bad-from": 400, "health": 200, "openapi": 200, "list-sync-runs": 200,
	"datapi": 200, "datapi-card": 200, "datapi-bad-list": 400, "datapi-not-found": 404,
	"hide-token": 200, "hide-token-bad-reason": 400, "hide-token-show": 204, "hide-token-list": 200,
}

func TestSampleEvents(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil, apitest.First)
	if err := b.Fill(t.Context(), apitest.Tokens(20, apitest.First), time.Now()); err != nil {
		t.Fatal(err)
	}
	handler := httpapi.New(b.Catalog, uncached, apitest.Quiet()).Handler(httpapi.Functions()...)
	serve := apigw.New(handler, handler, apitest.Quiet())
	for name, status := range sampleStatus {
		text, err := os.ReadFile(filepath.Join("..", "..", "events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var event events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := serve(t.Context(), event)
		if err != nil || got.StatusCode != status {
			t.Errorf("%s: status %d (%v), want %d: %s", name, got.StatusCode, err, status, got.Body)
		}
		want, ok := map[int]string{http.StatusOK: "application/json", http.StatusNoContent: ""}[status]
		if !ok {
			want = "application/problem+json"
		}
		if got.Headers["content-type"] != want {
			t.Errorf("%s: content type %q", name, got.Headers["content-type"])
		}
	}
}

// TestRoutesAreThoseOfTheTemplate: what is deployed is what is served and described, by the function that has it.
func TestRoutesAreThoseOfTheTemplate(t *testing.T) {
	t.Parallel()
	template, err := samtemplate.Load("../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"dashboard GET /dashboard", "dashboard GET /dashboard/{file+}"} // a page, and no part of the API
	var got []string
	for _, f := range httpapi.Functions() {
		for _, route := range f.Routes {
			want = append(want, f.Name+" "+cmp.Or(route.Method, http.MethodGet)+" "+route.Path)
		}
	}
	for _, f := range template.Functions {
		for _, route := range f.Routes {
			got = append(got, f.Name+" "+route.Method+" "+route.Path)
			if (route.Authorizer != "") != slices.Contains([]string{"list-sync-runs", "hide-token"}, f.Name) {
				t.Errorf("%s: authorizer %q", route.Path, route.Authorizer)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-table +template.yaml):\n%s", diff)
	}
}

// TestReadFunctionsOnlyRead: reads can neither write nor scan, whatever bug they have. What hides can write what is hidden, and
// name it to readers.
func TestReadFunctionsOnlyRead(t *testing.T) {
	t.Parallel()
	template, err := samtemplate.Load("../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "ssm:GetParameter"}
	writes := map[string][]string{"hide-token": {"dynamodb:UpdateItem SyncTable", "dynamodb:DeleteItem SyncTable", "dynamodb:UpdateItem BoardTable"}}
	for _, function := range httpapi.Functions() {
		f, err := template.Function(function.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.Statements {
			for _, action := range s.Actions {
				table := s.Resources[0][strings.LastIndex(s.Resources[0], "-")+1:]
				if !slices.Contains(allowed, action) && !slices.Contains(writes[f.Name], action+" "+table) {
					t.Errorf("%s, statement %s: %s", f.Name, s.Sid, action)
				}
				if onTokens := strings.Contains(s.Resources[0], "TokensTable"); action == "dynamodb:Query" && onTokens {
					if len(s.Resources) != 6 || slices.ContainsFunc(s.Resources, func(r string) bool { return !strings.Contains(r, "/index/") }) {
						t.Errorf("%s may query %v, not just the six indexes", f.Name, s.Resources)
					}
				}
			}
		}
	}
}
