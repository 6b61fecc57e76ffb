package httpapi

import (
	"encoding/json"
	"net/http"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// days serves GET /v1/days.
func (a *API) days(r *http.Request, p params) (answer, error) {
	days, err := a.catalog.Days(r.Context(), catalog.DaysQuery{
		From: p["from"], To: p["to"], Launchpad: token.LaunchpadID(p["launchpad"]),
	})
	if err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(struct {
		From string        `json:"from"`
		To   string        `json:"to"`
		Data []catalog.Day `json:"data"`
	}{days.From, days.To, days.Days})
	return answer{body: body}, err
}
