package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// At most a fifth of the tokens, or ten, leave the lists in one run: a source that denies more of them is not believed.
const (
	maxLeavingShare = 5
	maxLeavingFew   = 10
)

// maxProofs bounds how many pools of a product a run asks for alone, to prove that they have gone.
const maxProofs = 300

// What a record says of delisting.
const (
	delistingNone    = "none" // nothing was scanned, or a refresh found nothing amiss
	delistingDone    = "done"
	delistingRefused = "refused: "
)

// leaving is what a run knows of tokens that may leave the lists.
type leaving struct {
	gone map[string]bool // addresses that are proven to have no pool any more
	stay bool            // tokens that would leave the lists stay in them
}

// A survey of the last board's tokens against what was gathered.
type survey struct {
	listed      int
	missing     int                       // tokens of which no pool was seen
	blacklisted int                       // tokens of which every pool is
	first, then map[*task][]string        // pools that were asked for and not seen: of missing tokens, and of others
	doubted     int                       // tokens that have such pools
	byID        map[token.LaunchpadID]int // listed tokens
}

// leaving decides which tokens leave the lists: pages drift while they are read, so absence alone proves nothing. Only
// after a complete scan, pools that it did not show are asked for alone.
func (r *run) leaving(ctx context.Context, p *plan, h *harvest) leaving {
	s := r.compare(p, h)
	l := leaving{gone: map[string]bool{}}
	incomplete := h.incomplete()
	would := s.blacklisted
	if r.record.Mode == ModeFull && incomplete == "" {
		would += s.missing
		r.checkMatches(s, h)
	}
	switch {
	case would > maxLeavingFew && would*maxLeavingShare > s.listed && !r.event.AcceptDelisting:
		l.stay, r.refused = true, true
		r.record.Delisting = fmt.Sprintf(delistingRefused+"%d of %d tokens would leave the lists, %d of them blacklisted", would, s.listed, s.blacklisted)
	case r.record.Mode == ModeRefresh && s.doubted > 0:
		r.record.Delisting = fmt.Sprintf("deferred: %d", s.doubted)
	case r.record.Mode == ModeRefresh:
	case incomplete != "":
		r.record.Delisting = "none: " + string(incomplete) + " was not read to the end"
	default:
		r.record.Delisting = delistingDone
		r.prove(ctx, p, s, l.gone)
	}
	return l
}

// compare looks at each token of the last board that is not a stranger's.
func (r *run) compare(p *plan, h *harvest) survey {
	s := survey{first: map[*task][]string{}, then: map[*task][]string{}, byID: map[token.LaunchpadID]int{}}
	for t := range p.previous.All() {
		if t.Status == token.Unapproved {
			continue // nobody was asked for its pools
		}
		s.listed++
		s.byID[t.Launchpad]++
		lost, blacklisted := p.lost(&t, h)
		if len(lost) > 0 {
			s.doubted++
		}
		to := s.then
		switch {
		case blacklisted:
			s.blacklisted++
		case len(lost) == t.PoolCount && !h.pools.hasMint(t.Mint):
			s.missing++
			to = s.first
		}
		for _, pool := range lost {
			task := p.task(pool.Product)
			to[task] = append(to[task], pool.Address)
		}
	}
	return s
}

// lost returns the pools of a token of the last board that were asked for and not seen; blacklisted reports whether all the
// others are on Meteora's blacklist.
func (p *plan) lost(t *token.Token, h *harvest) (lost []*token.Pool, blacklisted bool) {
	blacklisted = h.pools.allBlacklisted(t.Mint)
	for i := range t.Pools {
		pool := &t.Pools[i]
		if h.pools.has(pool.Address, t.Mint) {
			continue
		}
		blacklisted = blacklisted && pool.Blacklisted
		if task := p.task(pool.Product); task.finder != nil && task.err == nil {
			lost = append(lost, pool)
		}
	}
	return lost, blacklisted
}

// checkMatches looks for IDs that matched something before, and nothing now: a typing error looks like an empty market.
func (r *run) checkMatches(s survey, h *harvest) {
	for _, id := range r.ids {
		if n := s.byID[id]; n > 0 && !h.matched[id] {
			r.unmatched = append(r.unmatched, id)
			r.trouble = append(r.trouble, fmt.Errorf("launchpad %q had %d tokens, and no pool carries it any more", id, n))
		}
	}
}

// prove asks for pools that were not seen, each alone.
func (r *run) prove(ctx context.Context, p *plan, s survey, gone map[string]bool) {
	ctx, cancel := within(ctx, searchShare)
	defer cancel()
	var failed []error
	for _, task := range p.tasks {
		addresses := slices.Concat(s.first[task], s.then[task])
		if !r.event.AcceptDelisting {
			addresses = addresses[:min(len(addresses), maxProofs)]
		}
		if len(addresses) == 0 {
			continue
		}
		stats := new(syncrun.Counts)
		proven, err := task.finder.Absent(ctx, addresses, stats)
		r.bookRequests(stats)
		if err != nil {
			failed = append(failed, err)
		}
		for _, address := range proven {
			gone[address] = true
		}
	}
	if err := errors.Join(failed...); err != nil {
		r.record.Delisting = "in part: " + err.Error()
	}
}

// remaining returns what stays of a stored token's pools that were not gathered: all but those that are proven gone. Of a
// delisted token nothing does.
func (l leaving) remaining(t *token.Token, h *harvest) []token.Pool {
	if t.Status == token.Delisted {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.Pools), func(p token.Pool) bool {
		return l.gone[p.Address] || h.pools.has(p.Address, t.Mint)
	})
}
