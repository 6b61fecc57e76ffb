package httpapi

import (
	"encoding/json"
	"net/http"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// creatorFees serves GET /v1/creators/{creator}/fees.
func (a *API) creatorFees(r *http.Request, _ params) (answer, error) {
	creator := r.PathValue("creator")
	fees, err := a.catalog.CreatorFees(r.Context(), creator)
	if err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(struct {
		Creator string        `json:"creator"`
		Quotes  []token.Money `json:"quotes"`
	}{creator, fees})
	return answer{body: body}, err
}

// revenue serves GET /v1/revenue.
func (a *API) revenue(r *http.Request, p params) (answer, error) {
	limit, err := p.limit()
	if err != nil {
		return answer{}, err
	}
	revenue, err := a.catalog.Revenue(r.Context(), p["config"], limit)
	if err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(struct {
		Quotes []token.Money   `json:"quotes"`
		Pools  []catalog.Claim `json:"pools"`
		*catalog.Incomes
	}{revenue.Totals, revenue.Claims, revenue.Lately})
	return answer{body: body}, err
}
