package httpapi

import (
	"encoding/json"
	"net/http"

	"tokensync/internal/catalog"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// runsBody is the answer of GET /v1/sync-runs.
type runsBody struct {
	Data     []syncrun.Record `json:"data"` // newest first
	Breakers []breakerBody    `json:"breakers"`
}

type breakerBody struct {
	Product  token.Product `json:"product"`
	State    string        `json:"state"`    // closed, open or half-open
	Failures int           `json:"failures"` // in a row
	RetryAt  *string       `json:"retry_at"`
}

// listSyncRuns serves GET /v1/sync-runs.
func (a *API) listSyncRuns(r *http.Request, p params) (answer, error) {
	limit, err := p.limit()
	if err != nil {
		return answer{}, err
	}
	runs, err := a.catalog.Runs(r.Context(), limit)
	if err != nil {
		return answer{}, err
	}
	out := runsBody{Data: runs.Runs, Breakers: make([]breakerBody, len(runs.Breakers))}
	for i, b := range runs.Breakers {
		out.Breakers[i] = newBreakerBody(b)
	}
	body, err := json.Marshal(out)
	return answer{body: body}, err
}

func newBreakerBody(b catalog.Breaker) breakerBody {
	return breakerBody{Product: b.Product, State: b.State, Failures: b.Failures, RetryAt: optional(token.FormatTime(b.RetryAt))}
}
