package dbc

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Cache keeps what rarely changes from run to run, as short texts.
type Cache interface {
	// Get returns what is kept under keys; others are left out.
	Get(ctx context.Context, keys []string) (map[string]string, error)
	// Put keeps entries for ttl; 0 means for ever.
	Put(ctx context.Context, entries map[string]string, ttl time.Duration) error
}

// Graduates finds pools of an AMM by address and counts into stats. The pair with an error is the last.
type Graduates interface {
	ByAddress(ctx context.Context, addresses []string, stats *syncrun.Counts) iter.Seq2[token.Pool, error]
}

// Quotes knows what a mint is worth in US dollars; "" is unknown. It counts into stats.
type Quotes interface {
	QuotePrice(ctx context.Context, mint string, stats *syncrun.Counts) (token.Number, error)
}

// Limits bound one run. A zero field means that of DefaultLimits.
type Limits struct {
	Requests int64         // of a walk through the program
	Time     time.Duration // of such a walk, and at most half of what the run has left
	Pools    int           // handed out in one run; 0 means as many as the process's memory limit allows
	Kept     int           // kept in memory from one run to the next
	Total    int           // that the launchpad may have in all, for each is on the board; 0 means as many as the memory limit allows
	Configs  int           // of one fee claimer, for anyone can make more in its name; 100,000 take 12 MB
}

// DefaultLimits are those that are not set.
var DefaultLimits = Limits{Requests: 400, Time: 2 * time.Minute, Kept: 20_000, Configs: 100_000}

// What a pool costs on its way through a run: packed where it is gathered, in a page, and in what is known; and what one
// costs in every run, on the last board, on the next one, and by its address.
const (
	mostPools    = 200_000
	fewestPools  = 10_000
	processBytes = 28 << 20
	poolBytes    = 1600
	knownBytes   = 1150
	keyBytes     = 330 // of a config or creator whose pools are looked for
)

func (l Limits) orDefaults(ctx context.Context) Limits {
	l.Requests = cmp.Or(l.Requests, DefaultLimits.Requests)
	l.Time = cmp.Or(l.Time, DefaultLimits.Time)
	if deadline, ok := ctx.Deadline(); ok {
		l.Time = min(l.Time, time.Until(deadline)/2)
	}
	memory := debug.SetMemoryLimit(-1)
	if l.Pools == 0 {
		l.Pools = poolsWithin(memory)
	}
	l.Total = cmp.Or(l.Total, totalWithin(memory))
	l.Configs = cmp.Or(l.Configs, DefaultLimits.Configs)
	l.Kept = min(cmp.Or(l.Kept, DefaultLimits.Kept), l.Pools)
	return l
}

// makeRoom lowers the number of pools by as many as keys take the place of.
func (l *Limits) makeRoom(keys int) {
	if l.Pools > fewestPools {
		l.Pools = max(l.Pools-keys*keyBytes/poolBytes, fewestPools)
	}
}

// poolsWithin returns how many pools a run may hand out in a process that is limited to bytes.
func poolsWithin(bytes int64) int {
	if bytes == math.MaxInt64 { // no limit was set
		return mostPools
	}
	return int(min(max((bytes-processBytes)/poolBytes, fewestPools), mostPools))
}

// totalWithin returns how many pools a launchpad may have in such a process.
func totalWithin(bytes int64) int {
	if bytes == math.MaxInt64 {
		return math.MaxInt
	}
	return int(max(bytes-processBytes-fewestPools*poolBytes, 0)/knownBytes) + fewestPools
}

// makeRoomFor lowers the number of pools by what known ones take beside them.
func (l *Limits) makeRoomFor(known int) {
	if l.Total < math.MaxInt && l.Pools > fewestPools {
		l.Pools = min(l.Pools, max((l.Total-known)*knownBytes/poolBytes, fewestPools))
	}
}

// shares returns how many shares of a launchpad may be handed out at all: all but where it has more pools than Total. The first
// walk has handed out pools of every share.
func (l *Limits) shares(known int) int {
	if known <= l.Total {
		return allShares
	}
	return max(1, allShares*9/10*max(0, l.Total-l.Pools)/known)
}

// Source is the product dbc. All fields but Limits must be set.
type Source struct {
	// Node returns the RPC node of this run. Its error ends the run of the product as it is.
	Node        func(context.Context) (*solana.Client, error)
	Cache       Cache
	Graduates   Graduates // of DAMM v2
	GraduatesV1 Graduates // of DAMM v1; may be nil
	Quotes      Quotes
	Limits      Limits

	last atomic.Pointer[kept] // of the last run; a run takes it away and brings back its own
}

// Product returns token.DBC.
func (s *Source) Product() token.Product { return token.DBC }

// Pools streams the bonding curves of every launchpad ID that names a key on the chain, as token.LaunchpadID.Claim has it.
// A token that graduated comes with its AMM pool, under the same ID. The pair with an error is the last; what came before
// it is sound. syncrun.ErrIncomplete means that there are pools that no run has come to yet. Once each has been handed out,
// a launchpad too large for one run comes in turns without an error, with a curve of every ID at least: a curve that does
// not come is not gone, for no curve is ever closed. Other errors are Node's, and those of solana.Session, Cache and
// Graduates.
func (s *Source) Pools(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return s.stream(ctx, ids, stats, false)
}

// Changed streams what Pools does, for the price of what changes: known curves are read again by address, new ones are
// looked for in the cheapest way that was seen to work. Of a launchpad too large to be kept in memory it streams what has
// changed, in turns.
func (s *Source) Changed(ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts) iter.Seq2[token.Pool, error] {
	return s.stream(ctx, ids, stats, true)
}

func (s *Source) stream(
	ctx context.Context, ids []token.LaunchpadID, stats *syncrun.Counts, isRefresh bool,
) iter.Seq2[token.Pool, error] {
	return func(yield func(token.Pool, error) bool) {
		node, err := s.Node(ctx)
		if err != nil {
			yield(token.Pool{}, err)
			return
		}
		scan := newScan(ctx, s, node, stats, yield)
		if last := s.last.Swap(nil); last != nil && last.isOf(node, ids) {
			last.view, scan.last = nil, last
		}
		err = scan.run(ids, isRefresh)
		s.last.CompareAndSwap(nil, scan.last) // a run that failed leaves the last one
		if err != nil && !scan.stopped {
			yield(token.Pool{}, fmt.Errorf("%s: %w", token.DBC, err))
		}
	}
}

// A scan is one run of the product.
type scan struct {
	ctx     context.Context //nolint:containedctx // a scan lives no longer than the call that made it
	source  *Source
	limits  Limits
	node    *solana.Client
	session *solana.Session
	stats   *syncrun.Counts
	yield   func(token.Pool, error) bool

	view
	seen     map[solana.Key]struct{}
	shown    map[token.LaunchpadID]bool // IDs of which a curve was handed out
	last     *kept                      // nil when nothing is known
	now      *kept
	pending  []pool // found, and not handed out yet
	moved    []pool // in a refresh, known curves that have changed, and new ones
	newsLeft int    // requests that a refresh may still spend on new curves
	trouble  error  // the first failure that cost values, not pools
	partly   error  // why this run did not come to all pools
	stopped  bool   // the consumer wants no more
	handed   int    // curves that it has taken
}

// A view is what it takes to tell which pools are ours, and to describe them. A run leaves its own for the looks that follow.
type view struct {
	ours   []claim
	byRank []int32        // where a claim stands in ours
	pools  *solana.Search // that finds the pools of all claims
	learned
}

func newScan(ctx context.Context, source *Source, node *solana.Client, stats *syncrun.Counts, yield func(token.Pool, error) bool) *scan {
	session := node.NewSession(stats)
	limits := source.Limits.orDefaults(ctx)
	return &scan{
		ctx: ctx, source: source, limits: limits, node: node, session: session, stats: stats, yield: yield,
		seen: map[solana.Key]struct{}{}, shown: map[token.LaunchpadID]bool{}, now: newKept(node, limits), view: view{learned: newLearned(session)},
	}
}

func (s *scan) run(ids []token.LaunchpadID, isRefresh bool) error {
	s.now.ids = ids
	before, err := s.remember()
	if err != nil {
		return err
	}
	if err := s.findClaims(ids, isRefresh); err != nil {
		return err
	}
	if len(s.ours) == 0 {
		s.noteOddities()
		return s.result()
	}
	if err := s.loadTurn(); err != nil {
		return err
	}
	if err := s.read(before, isRefresh); err != nil {
		return err
	}
	s.flushGraduates()
	if !s.stopped {
		s.finish()
	}
	return s.result()
}

func (s *scan) result() error {
	if s.trouble != nil {
		return s.trouble
	}
	return s.partly
}

// findClaims finds the keys by which pools are ours.
func (s *scan) findClaims(ids []token.LaunchpadID, isRefresh bool) (err error) {
	if s.ours, err = s.claims(ids, isRefresh); err != nil {
		return err
	}
	s.limits.makeRoom(len(s.ours))
	s.byRank = make([]int32, len(s.ours))
	for i := range s.ours {
		s.byRank[s.ours[i].rank] = int32(i)
	}
	return nil
}

// claimOf returns the claim that p belongs to before all others, nil when it is not ours.
func (s *scan) claimOf(p *pool) *claim {
	rank := s.rankOf(p)
	if rank >= len(s.byRank) {
		return nil
	}
	return &s.ours[s.byRank[rank]]
}

// search returns what finds the pools of all claims.
func (s *scan) search() *solana.Search {
	if s.pools == nil {
		s.pools = s.newSearch()
	}
	return s.pools
}

func (s *scan) newSearch() *solana.Search {
	q := &solana.Search{Program: program, Slice: solana.Slice{Length: poolSliceEnd}}
	for _, k := range poolKinds {
		q.Kinds = append(q.Kinds, k.discriminator)
	}
	for _, offset := range []int{poolConfigAt, poolCreatorAt} {
		holds := solana.Holds{Offset: offset}
		for i := range s.ours {
			if s.ours[i].at == offset {
				holds.Keys = append(holds.Keys, s.ours[i].key)
			}
		}
		if len(holds.Keys) > 0 {
			q.Holds = append(q.Holds, holds)
		}
	}
	return q
}

// How many pools are finished together, which saves look-ups, and read by one request.
const (
	emitSize  = 500
	chunkSize = 100
)

func (s *scan) emit(p token.Pool) bool {
	if !s.stopped && s.yield(p, nil) {
		if p.Product == token.DBC {
			s.handed++
		}
		return true
	}
	s.stopped = true
	return false
}

// note keeps the first trouble, for the end of the stream.
func (s *scan) note(err error) {
	if s.trouble == nil {
		s.trouble = err
	}
}

// leave records why this run does not come to all pools.
func (s *scan) leave(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.stats.Note(text)
	if s.partly == nil {
		s.partly = fmt.Errorf("%w: %s", syncrun.ErrIncomplete, text)
	}
}
