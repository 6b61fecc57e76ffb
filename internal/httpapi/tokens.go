package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// listTokens is GET /v1/tokens: a page of a list, a search, or tokens by their mints.
func (a *API) listTokens(r *http.Request, p params) (answer, error) {
	list, err := a.list(r, p)
	if err != nil {
		return answer{}, err
	}
	return answer{body: listBody(list)}, nil
}

func (a *API) list(r *http.Request, p params) (catalog.List, error) {
	if mints, ok := p["mints"]; ok {
		for _, route := range []string{"sort", "order", "limit", "cursor", "launchpad", "stage", "q"} {
			if _, given := p[route]; given {
				return catalog.List{}, bad(route, "cannot be combined with mints")
			}
		}
		return a.catalog.ByMints(r.Context(), strings.Split(mints, ","))
	}
	limit, err := p.limit()
	if err != nil {
		return catalog.List{}, err
	}
	return a.catalog.List(r.Context(), catalog.Query{
		Sort: catalog.Sort(p["sort"]), Order: p["order"], Limit: limit,
		Launchpad: token.LaunchpadID(p["launchpad"]), Search: p["q"], Cursor: p["cursor"],
		Stage: token.Stage(p["stage"]),
	})
}

// listBody joins the rows' JSON as the sync stored it: nothing is decoded, and no digit can change.
func listBody(list catalog.List) []byte {
	size := 128 + len(list.Next)
	for _, s := range list.Summaries {
		size += len(s) + 1
	}
	b := append(make([]byte, 0, size), `{"data":[`...)
	for i, s := range list.Summaries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s...)
	}
	b = append(b, `],"next_cursor":`...)
	b = appendText(b, list.Next) // base64url: nothing to escape
	b = append(b, `,"synced_at":`...)
	b = appendText(b, token.FormatTime(list.SyncedAt))
	return append(b, '}')
}

// appendText appends plain text as a JSON string, null for "".
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// getToken is GET /v1/tokens/{mint}.
func (a *API) getToken(r *http.Request, _ params) (answer, error) {
	detail, err := a.catalog.Token(r.Context(), r.PathValue("mint"))
	if err != nil {
		return answer{}, err
	}
	body, err := tokenBody(detail)
	return answer{body: body}, err
}

// tokenBody puts the pools into the list row's object.
func tokenBody(detail catalog.Detail) ([]byte, error) {
	views := make([]token.PoolView, len(detail.Pools))
	for i := range detail.Pools {
		views[i] = detail.Pools[i].View()
	}
	pools, err := json.Marshal(views)
	if err != nil {
		return nil, fmt.Errorf("pools: %w", err)
	}
	open, ok := strings.CutSuffix(detail.Summary, "}")
	if !ok {
		return nil, fmt.Errorf("the stored summary is not an object")
	}
	return fmt.Appendf(nil, `%s,"pools":%s}`, open, pools), nil
}
