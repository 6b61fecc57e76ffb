package dbc

import (
	"fmt"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// A graduate is a token whose AMM pool has to be asked for.
type graduate struct {
	address string // of the AMM pool
	mint    solana.Key
	id      token.LaunchpadID
}

// A class is the graduates that went to one product.
type class struct {
	waiting []graduate
	gaveUp  error // Meteora could not be asked in this run
}

// maxGraduates is how many are asked for together.
const maxGraduates = 100

func (s *scan) await(p *pool, out *token.Pool) {
	product := token.DAMMv2
	if s.configs[p.config].Migration == migratesToDAMMv1 {
		product = token.DAMMv1
	}
	cl := s.classes[product]
	if cl == nil {
		cl = &class{}
		s.classes[product] = cl
	}
	cl.waiting = append(cl.waiting, graduate{out.Curve.GraduatedPool, p.mint, out.Launchpad})
	if len(cl.waiting) == maxGraduates {
		s.flush(product, cl)
	}
}

// flushGraduates hands out the AMM pools of all that wait.
func (s *scan) flushGraduates() {
	for product, cl := range s.classes {
		s.flush(product, cl)
	}
}

// flush asks Meteora for the pools of all that wait, by address. What it returns is held to what was asked. After a
// failure it is not asked again in this run.
func (s *scan) flush(product token.Product, cl *class) {
	waiting := cl.waiting
	cl.waiting = cl.waiting[:0]
	finder := s.source.finder(product)
	if len(waiting) == 0 || s.stopped || cl.gaveUp != nil || finder == nil {
		return
	}
	asked := make(map[string]*graduate, len(waiting))
	addresses := make([]string, len(waiting))
	for i := range waiting {
		addresses[i] = waiting[i].address
		asked[addresses[i]] = &waiting[i]
	}
	for p, err := range finder.ByAddress(s.ctx, addresses, s.stats) {
		if err != nil {
			cl.gaveUp = err
			s.note(fmt.Errorf("graduated pools: %w", err))
			return
		}
		if !s.graduated(&p, asked[p.Address]) {
			return
		}
	}
}

// graduated hands out an AMM pool, and reports whether the consumer wants more.
func (s *scan) graduated(p *token.Pool, g *graduate) bool {
	s.stats.Scanned.Add(1)
	if g == nil || p.Base.Mint != g.mint.String() {
		s.stats.Invalid.Add(1)
		return true
	}
	s.learnPrice(g.mint, p.Base.PriceUSD)
	p.Launchpad = g.id
	return s.emit(*p)
}

// finder finds the pools of a product; nil where there is none.
func (s *Source) finder(product token.Product) Graduates {
	if product == token.DAMMv1 {
		return s.GraduatesV1
	}
	return s.Graduates
}
