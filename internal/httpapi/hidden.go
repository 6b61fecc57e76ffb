package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"tokensync/internal/token"
)

// hidingBody is a hidden token, as the operator sees it.
type hidingBody struct {
	Mint   string  `json:"mint"`
	Reason string  `json:"reason"`
	At     *string `json:"hidden_at"`
}

func newHidingBody(h token.Hiding) hidingBody {
	return hidingBody{Mint: h.Mint, Reason: h.Reason, At: optional(token.FormatTime(h.At))}
}

// hide serves PUT /v1/hidden/{mint}.
func (a *API) hide(r *http.Request, p params) (answer, error) {
	var given struct {
		Reason string `json:"reason"`
	}
	if err := parseBody(p[posted], &given); err != nil {
		return answer{}, err
	}
	hiding, err := a.catalog.Hide(r.Context(), r.PathValue("mint"), given.Reason)
	if err != nil {
		return answer{}, err
	}
	a.log.InfoContext(r.Context(), "token hidden", "mint", hiding.Mint, "reason", hiding.Reason, "hidden_at", hiding.At)
	body, err := json.Marshal(newHidingBody(hiding))
	return answer{body: body}, err
}

// show serves DELETE /v1/hidden/{mint}. It succeeds as well when nothing was hidden: a client may not have had the first answer.
func (a *API) show(r *http.Request, _ params) (answer, error) {
	mint := r.PathValue("mint")
	was, err := a.catalog.Show(r.Context(), mint)
	if err != nil {
		return answer{}, err
	}
	a.log.InfoContext(r.Context(), "token shown", "mint", mint, "was_hidden", was.Mint != "", "reason", was.Reason, "hidden_at", was.At)
	return answer{status: http.StatusNoContent}, nil
}

// listHidden serves GET /v1/hidden.
func (a *API) listHidden(r *http.Request, p params) (answer, error) {
	limit, err := p.limit()
	if err != nil {
		return answer{}, err
	}
	page, next, err := a.catalog.Hidden(r.Context(), limit, p["cursor"])
	if err != nil {
		return answer{}, err
	}
	list := make([]hidingBody, len(page))
	for i, h := range page {
		list[i] = newHidingBody(h)
	}
	body, err := json.Marshal(struct {
		Data []hidingBody `json:"data"`
		Next *string      `json:"next_cursor"`
	}{list, optional(next)})
	return answer{body: body}, err
}

// listUnapproved serves GET /v1/unapproved.
func (a *API) listUnapproved(r *http.Request, p params) (answer, error) {
	limit, err := p.limit()
	if err != nil {
		return answer{}, err
	}
	list, err := a.catalog.Unapproved(r.Context(), limit, p["cursor"])
	if err != nil {
		return answer{}, err
	}
	return answer{body: listBody(list)}, nil
}

// parseBody reads a body's JSON without forgiving anything.
func parseBody(text string, to any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return bad("body", "is not the JSON object of this route, as /v1/openapi.json has it")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("body", "goes on after its JSON object")
	}
	return nil
}
