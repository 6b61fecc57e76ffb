package dev_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/token"
)

// A shape reports what keeps a decoded JSON value from being of a type of the scaffold's TypeScript, "" if nothing does.
type shape func(v any) string

// object has the members of required and may have those of optional. What is unknown is left out: null is of no type.
func object(required, optional map[string]shape) shape {
	return func(v any) string {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("%v is not an object", v)
		}
		for name := range required {
			if _, ok := m[name]; !ok {
				return name + " is missing"
			}
		}
		for name, value := range m {
			is := required[name]
			if is == nil {
				is = optional[name]
			}
			if is == nil {
				return name + " is not of the type"
			}
			if problem := is(value); problem != "" {
				return name + ": " + problem
			}
		}
		return ""
	}
}

func listOf(is shape) shape {
	return func(v any) string {
		list, ok := v.([]any)
		if !ok {
			return fmt.Sprintf("%v is not a list", v)
		}
		for i, item := range list {
			if problem := is(item); problem != "" {
				return fmt.Sprintf("%d: %s", i, problem)
			}
		}
		return ""
	}
}

func isText(v any) string {
	if s, ok := v.(string); !ok || s == "" {
		return fmt.Sprintf("%v is not a string", v)
	}
	return ""
}

func isNumber(v any) string {
	if _, ok := v.(float64); !ok {
		return fmt.Sprintf("%v is not a number", v)
	}
	return ""
}

func isBool(v any) string {
	if _, ok := v.(bool); !ok {
		return fmt.Sprintf("%v is not a boolean", v)
	}
	return ""
}

var isoTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

func isTime(v any) string {
	if s, _ := v.(string); !isoTime.MatchString(s) {
		return fmt.Sprintf("%v is no time as JavaScript writes it", v)
	}
	return ""
}

func oneOf(values ...string) shape {
	return func(v any) string {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			return fmt.Sprintf("%v is not one of %v", v, values)
		}
		return ""
	}
}

func perCentTo100(v any) string {
	if n, ok := v.(float64); !ok || n < 0 || n > 100 {
		return fmt.Sprintf("%v is not from 0 to 100", v)
	}
	return ""
}

// The scaffold's types, from fun-launch.md.
var (
	anyStats  = object(nil, map[string]shape{"priceChange": isNumber, "buyVolume": isNumber, "sellVolume": isNumber})
	baseAsset = object(
		map[string]shape{
			"id": isText, "name": isText, "symbol": isText, "decimals": isNumber, "tokenProgram": isText, "launchpad": oneOf("met-dbc"),
			"organicScoreLabel": oneOf("high", "medium", "low"),
		},
		map[string]shape{
			"icon": isText, "website": isText, "twitter": isText, "telegram": isText, "dev": isText,
			"usdPrice": isNumber, "mcap": isNumber, "fdv": isNumber, "liquidity": isNumber, "totalSupply": isNumber, "circSupply": isNumber, "holderCount": isNumber,
			"graduatedPool": isText, "graduatedAt": isTime, "stats5m": anyStats, "stats1h": anyStats, "stats6h": anyStats, "stats24h": anyStats,
			"audit": object(nil, map[string]shape{"mintAuthorityDisabled": isBool, "freezeAuthorityDisabled": isBool}),
		},
	)
	anyPool = object(
		map[string]shape{
			"id": isText, "chain": oneOf("solana"), "dex": isText, "type": isText, "createdAt": isTime, "updatedAt": isTime, "isUnreliable": isBool,
			"baseAsset": baseAsset, "organicScoreLabel": oneOf("high", "medium", "low"),
		},
		map[string]shape{"bondingCurve": perCentTo100, "volume24h": isNumber, "stats24h": anyStats},
	)
	poolList = object(map[string]shape{"pools": listOf(anyPool)}, nil)
	noShape  = func(v any) string { return fmt.Sprintf("%v is unexpected", v) }
	// scaffoldAnswers are by the call.
	scaffoldAnswers = map[string]shape{
		"gems":        object(map[string]shape{"recent": poolList, "aboutToGraduate": poolList, "graduated": poolList}, nil),
		"token":       poolList,
		"holders":     object(map[string]shape{"holders": listOf(noShape), "count": isNumber}, nil),
		"chart":       object(map[string]shape{"candles": listOf(object(map[string]shape{"time": isNumber, "open": isNumber, "high": isNumber, "low": isNumber, "close": isNumber, "volume": isNumber}, nil))}, nil),
		"txs":         object(map[string]shape{"txs": listOf(noShape)}, map[string]shape{"next": isText}),
		"description": object(nil, map[string]shape{"description": isText}),
	}
)

// A scaffold makes fun-launch's calls as its browser does, from a page of another origin.
type scaffold struct {
	t    *testing.T
	base string // of the API, as the scaffold's one constant has it
}

const pageOrigin = "http://localhost:3001"

func (s *scaffold) do(method, path, body string, header ...string) (response *http.Response) {
	s.t.Helper()
	apitest.Patiently(func() int {
		response = s.once(method, path, body, header...)
		return response.StatusCode
	})
	return response
}

func (s *scaffold) once(method, path, body string, header ...string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Origin", pageOrigin)
	r.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// call makes one call and checks that its answer is of the type, and that the page may read it.
func (s *scaffold) call(name, method, path, body string) map[string]any {
	s.t.Helper()
	var header []string
	if method == http.MethodPost {
		s.preflight(path)
		header = []string{"Content-Type", "application/json"}
	}
	response := s.do(method, path, body, header...)
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %s, %v", name, response.StatusCode, text, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	if problem := scaffoldAnswers[name](answer); problem != "" {
		s.t.Errorf("%s: %s", name, problem)
	}
	if allowed := response.Header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != pageOrigin {
		s.t.Errorf("%s: a page of %s may not read it: %v", name, pageOrigin, response.Header)
	}
	return answer
}

// preflight asks what a browser asks before it posts JSON to another origin, and how long it may keep the answer.
func (s *scaffold) preflight(path string) {
	s.t.Helper()
	h := s.do(http.MethodOptions, path, "", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type").Header
	if !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "content-type") ||
		h.Get("Access-Control-Max-Age") != "3600" {
		s.t.Errorf("preflight: %v", h)
	}
}

func mintsOfPools(t *testing.T, list any) (mints []string, values []map[string]any) {
	t.Helper()
	for _, p := range list.(map[string]any)["pools"].([]any) {
		pool := p.(map[string]any)
		mints, values = append(mints, pool["baseAsset"].(map[string]any)["id"].(string)), append(values, pool)
	}
	return mints, values
}

// TestScaffold replays what fun-launch asks of its data API against the real binaries, over a launchpad whose tokens have
// begun to graduate.
func TestScaffold(t *testing.T) {
	t.Parallel()
	w := startWorld(t, dev.WorldOptions{Meteora: meteoratest.Config{Pools: 3000, Ours: 40}, Chain: &rpctest.Config{}})
	for range 2 {
		if _, err := w.Sync(t.Context(), dev.FullSync); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.Tick()
		}
	}
	s := &scaffold{t, w.URL() + "/datapi"}
	tokens := published(t, w)
	config := w.Chain.Launchpad()
	wish := `{"timeframe":"24h","partnerConfigs":["` + config + `"]}`
	gems := s.call("gems", http.MethodPost, "/v1/pools/gems", `{"recent":`+wish+`,"aboutToGraduate":`+wish+`,"graduated":`+wish+`}`)
	s.checkLists(gems, tokens, config)
	var seen []string
	for _, list := range gems {
		mints, _ := mintsOfPools(t, list)
		seen = append(seen, mints[:2]...)
	}
	for _, mint := range seen {
		s.openPage(mint, tokens[mint])
	}
	empty := s.call("token", http.MethodGet, "/v1/pools?assetIds="+meteoratest.IncidentKey, "")
	if mints, _ := mintsOfPools(t, empty); len(mints) != 0 {
		t.Errorf("an unknown mint has %v", mints)
	}
}

// checkLists compares the front page with the board, in the scaffold's order.
func (s *scaffold) checkLists(gems map[string]any, tokens map[string]token.Token, config string) {
	s.t.Helper()
	for name, list := range map[string]struct {
		stage token.Stage
		value func(token.Token) float64
	}{
		"recent":          {token.Bonding, func(t token.Token) float64 { return float64(t.CreatedAt) }},
		"aboutToGraduate": {token.Bonding, func(t token.Token) float64 { return t.Curve.Progress.Float64() }},
		"graduated":       {token.Graduated, func(t token.Token) float64 { return float64(cmp.Or(t.GraduatedAt, t.CreatedAt)) }},
	} {
		var want []float64
		for _, t := range tokens {
			if t.Curve.Stage == list.stage && t.Curve.Config == config {
				want = append(want, list.value(t))
			}
		}
		slices.SortFunc(want, func(x, y float64) int { return cmp.Compare(y, x) })
		want = want[:min(len(want), 30)]
		mints, pools := mintsOfPools(s.t, gems[name])
		var got []float64
		for i, mint := range mints {
			got = append(got, list.value(tokens[mint]))
			if _, bonding := pools[i]["bondingCurve"]; bonding != (list.stage == token.Bonding) {
				s.t.Errorf("%s: %v", name, pools[i])
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" || len(got) == 0 {
			s.t.Errorf("%s, by what it is sorted by (-want +got):\n%s", name, diff)
		}
	}
}

// openPage makes the calls of a token's page.
func (s *scaffold) openPage(mint string, want token.Token) {
	s.t.Helper()
	_, pools := mintsOfPools(s.t, s.call("token", http.MethodGet, "/v1/pools?assetIds="+url.QueryEscape(mint), ""))
	if len(pools) != 1 || pools[0]["id"] != want.CurvePool || pools[0]["baseAsset"].(map[string]any)["symbol"] != want.Symbol {
		s.t.Errorf("%s: %v", mint, pools)
	}
	if want.Holders.Known() {
		if count := s.call("holders", http.MethodGet, "/v1/holders/"+mint, "")["count"]; count != want.Holders.Float64() {
			s.t.Errorf("%s: %v holders, want %s", mint, count, want.Holders)
		}
	}
	now := time.Now()
	chart := url.Values{
		"interval": {"15_MINUTE"}, "baseAsset": {mint}, "from": {fmt.Sprint(now.Add(-80 * time.Hour).UnixMilli())}, "to": {fmt.Sprint(now.UnixMilli())},
		"candles": {"329"}, "type": {"price"},
	}
	for _, kind := range []string{"price", "mcap"} {
		chart.Set("type", kind)
		s.call("chart", http.MethodGet, "/v2/charts/"+mint+"?"+chart.Encode(), "")
	}
	iso := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	marks := url.Values{"traderAddress": {token.SOL}, "fromTs": {iso(now.Add(-time.Hour))}, "toTs": {iso(now)}}
	s.call("txs", http.MethodGet, "/v1/txs/"+mint, "")
	s.call("txs", http.MethodGet, "/v1/txs/"+mint+"?"+marks.Encode(), "")
	said, _ := s.call("description", http.MethodGet, "/v1/assets/"+mint+"/description", "")["description"].(string)
	if said != want.Face.Description {
		s.t.Errorf("%s: description %q, want %q", mint, said, want.Face.Description)
	}
}

// TestShapes sees each kind of wrong answer.
func TestShapes(t *testing.T) {
	t.Parallel()
	good := `{"id":"a","chain":"solana","dex":"Meteora","type":"met-dbc","createdAt":"2026-02-05T18:48:01.000Z","updatedAt":"2026-02-05T18:48:01.000Z",
		"isUnreliable":false,"organicScoreLabel":"medium","bondingCurve":61.2,"baseAsset":{"id":"a","name":"a","symbol":"a","decimals":6,
		"tokenProgram":"a","launchpad":"met-dbc","organicScoreLabel":"medium"}}`
	for change, wrong := range map[string]bool{
		"": false, `"bondingCurve":61.2=>"bondingCurve":null`: true, `"bondingCurve":61.2=>"bondingCurve":"61.2"`: true, `"bondingCurve":61.2=>"bondingCurve":612`: true,
		`"decimals":6,=>`: true, `"medium"=>"none"`: true, `18:48:01.000Z=>18:48:01Z`: true, `"isUnreliable":false=>"isUnreliable":0`: true, `"name":"a"=>"name":""`: true,
		`"dex"=>"dexter"`: true,
	} {
		from, to, _ := strings.Cut(change, "=>")
		var v any
		if err := json.Unmarshal([]byte(strings.Replace(good, from, to, 1)), &v); err != nil {
			t.Fatal(err)
		}
		if problem := poolList(map[string]any{"pools": []any{v}}); (problem != "") != wrong {
			t.Errorf("%s: %q", change, problem)
		}
	}
	if got := slices.Sorted(maps.Keys(scaffoldAnswers)); len(got) != 6 {
		t.Errorf("the scaffold makes 6 calls, not %v", got)
	}
}
