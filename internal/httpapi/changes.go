package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// changes serves GET /v1/changes.
func (a *API) changes(r *http.Request, p params) (answer, error) {
	since, given := p["since"]
	c, err := a.catalog.Changes(r.Context(), since)
	if err != nil {
		return answer{}, err
	}
	head := appendText([]byte(`{"version":`), c.Version) // letters, digits and dots
	if !given {
		return answer{body: append(head, '}')}, nil
	}
	gone, err := json.Marshal(append([]string{}, c.Gone...))
	if err != nil {
		return answer{}, err
	}
	b := slices.Insert(c.Rows, 0, append(head, `,"data":[`...)...)
	b = append(append(b, `],"gone":`...), gone...)
	b = strconv.AppendBool(append(b, `,"more":`...), c.More)
	return answer{body: append(b, '}')}, nil
}
