package httpapi

import (
	"encoding/json"
	"net/http"
)

// changes serves GET /v1/changes.
func (a *API) changes(r *http.Request, p params) (answer, error) {
	since, given := p["since"]
	c, err := a.catalog.Changes(r.Context(), since)
	if err != nil {
		return answer{}, err
	}
	b := append(make([]byte, 0, 128+len(c.Rows)), `{"version":`...)
	b = appendText(b, c.Version) // letters, digits and dots
	if given {
		gone, err := json.Marshal(append([]string{}, c.Gone...))
		if err != nil {
			return answer{}, err
		}
		b = append(append(b, `,"data":[`...), c.Rows...)
		b = append(append(b, `],"gone":`...), gone...)
		b = append(b, `,"more":`...)
		if c.More {
			b = append(b, "true"...)
		} else {
			b = append(b, "false"...)
		}
	}
	return answer{body: append(b, '}')}, nil
}
