package ledger

import (
	"slices"

	"tokensync/internal/token"
)

// A Standing is what the tokens of one board have come to. Its zero value has none.
type Standing struct {
	quotes map[string]*standing // by mint
	ends   []end
}

// standing is a Standing in one quote.
type standing struct {
	symbol                  string
	usd                     token.Number
	estimated               bool
	lifetime                Amounts
	partnerDue, creatorsDue token.Number
}

// An end is a curve's completion.
type end struct{ at, took int64 } // Unix milliseconds, and seconds

// Add counts a token in.
func (s *Standing) Add(t *token.Token) {
	lifetime, p := counters(t)
	if p == nil {
		return
	}
	if s.quotes == nil {
		s.quotes = map[string]*standing{}
	}
	q := s.quotes[p.QuoteMint]
	if q == nil {
		q = &standing{symbol: p.QuoteSymbol}
		s.quotes[p.QuoteMint] = q
	}
	e := &p.Curve.Earnings
	q.lifetime = q.lifetime.Add(lifetime)
	q.partnerDue, q.creatorsDue = q.partnerDue.Add(e.Partner.Due()), q.creatorsDue.Add(e.Creator.Due())
	q.estimated = q.estimated || e.VolumeEstimated
	if p.QuoteUSD.Known() {
		q.usd = p.QuoteUSD
	}
	if done, born := p.Curve.CompletedAt, p.CreatedAt; born != 0 && done >= born {
		s.ends = append(s.ends, end{done, (done - born) / 1000})
	}
}

// mostEnds bounds what a day keeps of times to completion: of more, evenly chosen ones have nearly the same median.
const mostEnds = 400

// took returns how long the curves took that were completed from a moment on, in seconds and sorted.
func (s *Standing) took(from int64) (took []int64) {
	for _, e := range s.ends {
		if e.at >= from {
			took = append(took, e.took)
		}
	}
	slices.Sort(took)
	if n := len(took); n > mostEnds {
		for i := range mostEnds {
			took[i] = took[i*n/mostEnds+n/mostEnds/2]
		}
		took = took[:mostEnds]
	}
	return took
}
