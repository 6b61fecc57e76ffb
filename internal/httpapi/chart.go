package httpapi

import (
	"net/http"

	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

// tokenHistory serves GET /v1/tokens/{mint}/history.
func (a *API) tokenHistory(r *http.Request, p params) (answer, error) {
	span, given := p["range"]
	if !given {
		span = "24h"
	}
	chart, err := a.catalog.Chart(r.Context(), r.PathValue("mint"), span)
	if err != nil {
		return answer{}, err
	}
	b := []byte(`{"points":[`)
	for i := range chart.Points {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPoint(b, &chart.Points[i])
	}
	b = append(b, `],"interval":`...)
	b = appendText(b, chart.Interval)
	b = append(b, `,"synced_at":`...)
	b = appendText(b, token.FormatTime(chart.SyncedAt))
	return answer{body: append(b, '}')}, nil
}

func appendPoint(b []byte, p *catalog.ChartPoint) []byte {
	b = append(b, `{"time":`...)
	b = appendText(b, token.FormatTime(p.Time))
	for _, n := range []struct {
		name  string
		value token.Number
	}{{"price_usd", p.PriceUSD}, {"price", p.Price}, {"volume_usd", p.VolumeUSD}} {
		b = append(append(append(b, `,"`...), n.name...), `":`...)
		if n.value == "" {
			b = append(b, "null"...)
		} else {
			b = append(b, n.value...)
		}
	}
	return append(b, '}')
}
