package httpapi

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// statsBody is the answer of GET /v1/stats.
type statsBody struct {
	Tokens       int                 `json:"tokens"`
	NewIn24h     int                 `json:"tokens_new_24h"`
	TVLUSD       float64             `json:"tvl_usd"`
	Volume24hUSD float64             `json:"volume_24h_usd"`
	Fees24hUSD   float64             `json:"fees_24h_usd"`
	Stages       map[token.Stage]int `json:"stages"`
	Launchpads   []token.LaunchpadID `json:"launchpads"`
	SyncedAt     *string             `json:"synced_at"`
}

// operatorStatsBody is the answer of GET /v1/operator/stats.
type operatorStatsBody struct {
	statsBody
	Unapproved int `json:"tokens_unapproved"`
	Hidden     int `json:"tokens_hidden"`
}

// getStats serves GET /v1/stats.
func (a *API) getStats(r *http.Request, _ params) (answer, error) {
	s, err := a.catalog.Stats(r.Context())
	if err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(newStatsBody(&s))
	return answer{body: body}, err
}

// operatorStats serves GET /v1/operator/stats.
func (a *API) operatorStats(r *http.Request, _ params) (answer, error) {
	s, err := a.catalog.Stats(r.Context())
	if err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(operatorStatsBody{newStatsBody(&s), s.Unapproved, s.Hidden})
	return answer{body: body}, err
}

func newStatsBody(s *catalog.Totals) statsBody {
	return statsBody{
		Tokens: s.Tokens, NewIn24h: s.NewIn24h, TVLUSD: total(s.TVLUSD), Volume24hUSD: total(s.Volume24hUSD), Fees24hUSD: total(s.Fees24hUSD),
		Stages: map[token.Stage]int{
			token.Bonding: s.Stages[token.Bonding], token.Migrating: s.Stages[token.Migrating],
			token.Graduated: s.Stages[token.Graduated],
		},
		Launchpads: append([]token.LaunchpadID{}, s.Launchpads...),
		SyncedAt:   optional(token.FormatTime(s.SyncedAt)),
	}
}

// total drops the digits of a sum that adding up has made up: 0.1 + 0.2 is 0.3.
func total(sum float64) float64 {
	const sound = 12
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(sum, 'g', sound, 64), 64)
	return rounded
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// healthBody is the answer of GET /v1/health.
type healthBody struct {
	Status string               `json:"status"` // pass or fail
	Checks map[string]checkBody `json:"checks"`
}

type checkBody struct {
	Status      string  `json:"status"`
	Detail      string  `json:"detail"`
	LastSuccess *string `json:"last_success_at,omitempty"`
}

// health serves GET /v1/health: 200 when all checks pass, else 503 with the same body.
func (a *API) health(r *http.Request, _ params) (answer, error) {
	h := a.catalog.Health(r.Context())
	checks := map[string]checkBody{}
	for name, check := range map[string]catalog.Check{
		"launchpad_id": h.LaunchpadID, "table": h.Table, "board": h.Board, "sync": h.Sync, "breakers": h.Breakers,
	} {
		checks[name] = checkBody{Status: outcome(check.OK), Detail: check.Detail}
		if check.Err != nil {
			a.log.WarnContext(r.Context(), "health check failed", "check", name, "error", check.Err.Error())
		}
	}
	last := checks["sync"]
	last.LastSuccess = optional(token.FormatTime(h.LastSuccess.Truncate(time.Millisecond)))
	checks["sync"] = last
	body, err := json.Marshal(healthBody{Status: outcome(h.OK()), Checks: checks})
	if h.OK() {
		return answer{body: body}, err
	}
	return answer{status: http.StatusServiceUnavailable, body: body}, err
}

func outcome(ok bool) string {
	if ok {
		return "pass"
	}
	return "fail"
}

// specification is openapi.yaml as JSON; a test keeps the two equal.
//
//go:embed openapi.json
var specification []byte

// openAPI serves GET /v1/openapi.json.
func (a *API) openAPI(*http.Request, params) (answer, error) {
	return answer{body: specification}, nil
}
