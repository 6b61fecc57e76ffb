package httpapi_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"tokensync/internal/board"
	"tokensync/internal/httpapi"
	"tokensync/internal/token"
)

var update = flag.Bool("update", false, "write openapi.json and the golden files anew")

// specJSON returns openapi.yaml as the JSON that is served: compact, in the document's order of keys as encoding/json has it.
func specJSON(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestServedSpecIsTheYAML(t *testing.T) {
	t.Parallel()
	want := specJSON(t)
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.json is not openapi.yaml: run go test ./internal/httpapi -run Spec -update")
	}
}

func loadSpec(t testing.TB) *openapi3.T {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestSpecIsValid(t *testing.T) {
	t.Parallel()
	if err := loadSpec(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

func TestRoutesAreThoseOfTheSpec(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	want := map[string][]string{}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			query := []string{}
			for _, p := range operation.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					query = append(query, p.Value.Name)
				}
			}
			slices.Sort(query)
			want[method+" "+path] = query
		}
	}
	got := map[string][]string{}
	for _, function := range httpapi.Functions() {
		for _, route := range function.Routes {
			query := append([]string{}, route.Query...)
			slices.Sort(query)
			got[cmp.Or(route.Method, http.MethodGet)+" "+route.Path] = query
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-openapi.yaml +table):\n%s", diff)
	}
}

// TestSpecKnowsEveryWord compares the words that the spec allows with those of the code, and what docs/api.md lists.
func TestSpecKnowsEveryWord(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	sort := spec.Paths.Find("/v1/tokens").Get.Parameters.GetByInAndName(openapi3.ParameterInQuery, "sort")
	for name, words := range map[string]struct {
		spec []any
		code []string
	}{
		"sort":    {sort.Schema.Value.Enum, texts(board.Sorts)},
		"product": {spec.Components.Schemas["Product"].Value.Enum, texts(token.Products)},
	} {
		if diff := gocmp.Diff(words.code, texts(words.spec)); diff != "" {
			t.Errorf("%s (-code +openapi.yaml):\n%s", name, diff)
		}
	}
	for _, sort := range board.Sorts {
		if !strings.Contains(string(page), "`"+string(sort)+"`") {
			t.Errorf("docs/api.md does not list the sort %s", sort)
		}
	}
	for path := range spec.Paths.Map() {
		if !strings.Contains(string(page), path) {
			t.Errorf("docs/api.md does not list %s", path)
		}
	}
}

func texts[T any](values []T) (list []string) {
	for _, v := range values {
		list = append(list, fmt.Sprint(v))
	}
	return list
}

// TestSpecKnowsEveryError keeps the spec from promising less than what a route can answer.
func TestSpecKnowsEveryError(t *testing.T) {
	t.Parallel()
	for path, item := range loadSpec(t).Paths.Map() {
		for method, operation := range item.Operations() {
			for _, status := range []int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusInternalServerError} {
				response := operation.Responses.Status(status)
				if response == nil || response.Value.Content["application/problem+json"] == nil {
					t.Errorf("%s %s: no problem for %d", method, path, status)
				}
			}
			if throttled := operation.Responses.Status(http.StatusTooManyRequests); throttled == nil || throttled.Ref != "#/components/responses/TooManyRequests" {
				t.Errorf("%s %s: the gateway's own 429 is missing", method, path)
			}
			for name, parameter := range operation.Parameters {
				if parameter.Value.Description == "" && !strings.HasPrefix(path, "/v1/tokens/") {
					t.Errorf("%s %s: parameter %v has no description", method, path, name)
				}
			}
		}
	}
}
