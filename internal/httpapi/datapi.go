package httpapi

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"tokensync/internal/datapi"
)

// gems serves POST /datapi/v1/pools/gems.
func (a *API) gems(r *http.Request, p params) (answer, error) {
	b, err := datapi.Gems(r.Context(), a.catalog, []byte(p[posted]))
	return answer{body: b}, err
}

// cards serves GET /datapi/v1/pools.
func (a *API) cards(r *http.Request, p params) (answer, error) {
	const name = "assetIds"
	mints, given := p[name]
	if !given {
		return answer{}, bad(name, "is missing")
	}
	b, err := datapi.Pools(r.Context(), a.catalog, name, strings.Split(mints, ","))
	return answer{body: b}, err
}

// holders serves GET /datapi/v1/holders/{mint}.
func (a *API) holders(r *http.Request, _ params) (answer, error) {
	b, err := datapi.Holders(r.Context(), a.catalog, r.PathValue("mint"))
	return answer{body: b}, err
}

// chart serves GET /datapi/v2/charts/{mint}.
func (a *API) chart(r *http.Request, p params) (answer, error) {
	b, err := datapi.Chart(r.Context(), a.catalog, r.PathValue("mint"), p.value)
	return answer{body: b}, err
}

// maxIgnored bounds a parameter that the scaffold sends and nothing here depends on, in characters.
const maxIgnored = 64

// transactions serves GET /datapi/v1/txs/{mint}.
func (a *API) transactions(r *http.Request, p params) (answer, error) {
	for name, value := range p {
		if utf8.RuneCountInString(value) > maxIgnored {
			return answer{}, bad(name, "has more than %d characters", maxIgnored)
		}
	}
	b, err := datapi.Transactions(r.PathValue("mint"))
	return answer{body: b}, err
}

// description serves GET /datapi/v1/assets/{mint}/description.
func (a *API) description(r *http.Request, _ params) (answer, error) {
	b, err := datapi.Description(r.Context(), a.catalog, r.PathValue("mint"))
	return answer{body: b}, err
}
