package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// listTokens serves GET /v1/tokens: a page of a list, a search, or tokens by their mints.
func (a *API) listTokens(r *http.Request, p params) (answer, error) {
	list, err := a.list(r, p)
	if err != nil {
		return answer{}, err
	}
	return answer{body: listBody(list)}, nil
}

func (a *API) list(r *http.Request, p params) (catalog.List, error) {
	if mints, ok := p["mints"]; ok {
		for _, name := range slices.Sorted(maps.Keys(p)) {
			if name != "mints" {
				return catalog.List{}, bad(name, "cannot be combined with mints")
			}
		}
		return a.catalog.ByMints(r.Context(), strings.Split(mints, ","))
	}
	limit, err := p.limit()
	if err != nil {
		return catalog.List{}, err
	}
	return a.catalog.List(r.Context(), catalog.Query{
		Sort: board.Sort(p["sort"]), Order: p["order"], Limit: limit, Cursor: p["cursor"],
		Launchpad: token.LaunchpadID(p["launchpad"]), Stage: token.Stage(p["stage"]), Creator: p["creator"], Configs: p.one("config"),
		Search: p["q"],
	})
}

// listBody puts the rows between what a list says of itself, and uses list.Rows for it.
func listBody(list catalog.List) []byte {
	b := slices.Insert(list.Rows, 0, []byte(`{"data":[`)...)
	b = append(b, `],"next_cursor":`...)
	b = appendText(b, list.Next) // base64url: nothing to escape
	b = append(b, `,"synced_at":`...)
	b = appendText(b, token.FormatTime(list.SyncedAt))
	if len(list.Unread) > 0 { // keys: nothing to escape
		b = append(append(append(b, `,"unread":["`...), strings.Join(list.Unread, `","`)...), `"]`...)
	}
	return append(b, '}')
}

// appendText appends plain text as a JSON string, null for "".
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// getToken serves GET /v1/tokens/{mint}.
func (a *API) getToken(r *http.Request, _ params) (answer, error) {
	t, err := a.catalog.Token(r.Context(), r.PathValue("mint"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: t.AppendPage(nil)}, nil
}
