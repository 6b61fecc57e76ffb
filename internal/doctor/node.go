package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tokensync/internal/dbc"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// What a walk may take, when there are others to try.
const (
	walkRequests = 5
	walkTime     = 20 * time.Second
)

// Names of what is examined beside Meteora's products.
const (
	ofNode      = "node"
	ofLaunchpad = "launchpad"
)

// A node is the RPC node under examination.
type node struct {
	*patient
	open       func(context.Context) (*solana.Client, error)
	launchpads []token.LaunchpadID

	session *solana.Session
	probe   *dbc.Probe
	slot    int64
	found   map[solana.Way]dbc.Find // by ways that work
}

func newNode(o Options) *patient {
	n := &node{open: o.Node, launchpads: o.Launchpads, found: map[solana.Way]dbc.Find{}}
	n.patient = &patient{of: ofNode, needed: slices.Contains(o.Products, token.DBC), examine: n.examine, close: func() {}}
	return n.patient
}

func (n *node) examine(ctx context.Context) {
	defer func() { // the launchpad's come last
		slices.SortStableFunc(n.checks, func(a, b Check) int { return strings.Compare(b.Of, a.Of) })
	}()
	if !n.connect(ctx) {
		n.unasked("getProgramAccounts", "getProgramAccountsV2", "changedSinceSlot", "getBlockTime", "getSignaturesForAddress", "getTransaction")
		return
	}
	if !n.launch(ctx) {
		return
	}
	for _, way := range n.probe.Ways() {
		n.walk(ctx, way)
	}
	n.anyWay()
	n.curves()
	n.lag(ctx)
	n.changes(ctx)
	n.blockTimes(ctx)
	n.history(ctx)
}

// connect books whether the node answers at all, and where it stands.
func (n *node) connect(ctx context.Context) bool {
	c := Check{What: "getMultipleAccounts", Expected: "the slot, and accounts", Needed: true}
	client, err := n.client(ctx)
	if errors.Is(err, syncrun.ErrUnconfigured) {
		n.add(Check{What: c.What, Expected: c.Expected, Seen: whys(err), Verdict: Unasked, Follows: "no curves are read from the chain"})
		return false
	}
	if err == nil {
		n.session = client.NewSession(&n.stats)
		n.probe = dbc.NewProbe(n.session)
		n.slot, err = n.session.Slot(ctx)
	}
	c.Seen, c.Verdict = fmt.Sprintf("slot %d", n.slot), Works
	if err != nil {
		c.Seen, c.Verdict, c.Follows = whys(err), Fails, "no curves are read from the chain"
	}
	n.add(c)
	return err == nil
}

func (n *node) client(ctx context.Context) (*solana.Client, error) {
	if n.open == nil {
		return nil, fmt.Errorf("no Solana RPC URL: %w", syncrun.ErrUnconfigured)
	}
	return n.open(ctx)
}

// launch books what the chain has of the launchpads; false means that there is nothing to look for.
func (n *node) launch(ctx context.Context) bool {
	var l dbc.Launch
	var err error
	for _, way := range new(solana.Search).Ways(solana.Costs{}) {
		until, cancel := context.WithTimeout(ctx, walkTime)
		l, err = n.probe.Launch(until, n.launchpads, way, n.budget())
		cancel()
		if err == nil {
			break
		}
	}
	c := Check{What: "configs", Expected: "every key is a config, or what it says it is", Verdict: Works, Needed: true}
	c.Seen = fmt.Sprintf("%s to look for; quotes: %s", count(l.Keys, "key"), shown(names(l.Quotes)))
	switch {
	case err != nil:
		c.Seen, c.Verdict, c.Follows = whys(err), Costs, "what is looked for could not be found in this time"
	case len(l.Missing) > 0:
		c.Seen, c.Verdict, c.Follows = "no config: "+shown(l.Missing), Fails, "nothing will be found: is the launchpad ID right?"
	case l.Keys == 0:
		c.Seen, c.Verdict, c.Follows, c.Needed = "no launchpad ID is a key", Unasked, "curves are found by keys only", false
	}
	n.addAs(ofLaunchpad, c)
	return len(n.probe.Ways()) > 0
}

// names replaces mints that everybody knows.
func names(mints []string) []string {
	known := map[string]string{token.SOL: "SOL", token.USDC: "USDC", token.USDT: "USDT"}
	named := slices.Clone(mints)
	for i, mint := range named {
		if name := known[mint]; name != "" {
			named[i] = name
		}
	}
	return named
}

func (n *node) addAs(of string, c Check) {
	node := n.of
	n.of = of
	n.add(c)
	n.of = node
}

func (n *node) budget() solana.Budget {
	return solana.Budget{Requests: walkRequests, Until: time.Now().Add(walkTime)}
}

// walk books one way to find the launchpads' pools.
func (n *node) walk(ctx context.Context, way solana.Way) {
	ctx, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	find, err := n.probe.Find(ctx, way, n.budget())
	c := Check{What: way.Method, Expected: "the launchpads' pools", Verdict: Works}
	c.Seen = fmt.Sprintf("%s; %s", count(find.Pools, "pool"), find.String())
	switch {
	case err != nil:
		c.Seen, c.Verdict, c.Follows = whys(err), Costs, "the other way is used"
	case find.Counting():
		c.Seen, c.Verdict = c.Seen+"; its limit counts the accounts that it looks at", Costs
		c.Follows = "one walk through the whole program for all keys, over several runs"
	case !find.Complete:
		c.Verdict, c.Follows = Costs, "a walk goes on over several runs"
	}
	if find.Odd > 0 {
		c.Seen += fmt.Sprintf("; %s unreadable", count(find.Odd, "account"))
	}
	n.add(c)
	if err == nil {
		n.found[way] = find
	}
}

// anyWay books whether there is a way at all, and whether the ways agree.
func (n *node) anyWay() {
	var ways, counts []string
	var pools []int
	for _, way := range n.probe.Ways() {
		find, ok := n.found[way]
		if !ok {
			continue
		}
		ways = append(ways, way.Method)
		if find.Complete {
			counts = append(counts, fmt.Sprintf("%s: %d", way.Method, find.Pools))
			pools = append(pools, find.Pools)
		}
	}
	c := Check{What: "a way to curves", Expected: "one that works; all find the same", Seen: strings.Join(ways, ", "), Verdict: Works, Needed: true}
	switch {
	case len(ways) == 0:
		c.Seen, c.Verdict, c.Follows = "none", Fails, "curves cannot be found on this node"
	case len(pools) > 1 && slices.Min(pools) < slices.Max(pools):
		c.Seen, c.Verdict, c.Follows = strings.Join(counts, ", "), Costs, "a walk that finds less is not believed where it contradicts what was known"
	}
	n.add(c)
}

// curves books what was found of the launchpads.
func (n *node) curves() {
	var best dbc.Find
	for _, find := range n.found {
		if find.Pools >= best.Pools {
			best = find
		}
	}
	c := Check{What: "curves", Expected: "pools of the launchpads", Verdict: Works}
	c.Seen = fmt.Sprintf("%s of %s%s", count(best.Pools, "pool"), count(best.Creators, "creator"), is(best.Complete, "", " so far"))
	if best.Pools == 0 {
		c.Verdict, c.Follows = Costs, "the launchpads have no tokens, or the ID is another's"
	}
	n.addAs(ofLaunchpad, c)
}

// fewTrades may happen between a scan and a look at its pools.
const fewTrades = 2

// lag compares what scans show with what accounts show.
func (n *node) lag(ctx context.Context) {
	differ, of, err := n.probe.Lag(ctx)
	if of == 0 && err == nil {
		n.unasked("scans against accounts")
		return
	}
	c := Check{What: "scans against accounts", Expected: "the same, but for trades meanwhile", Seen: fmt.Sprintf("%d of %s differ", differ, count(of, "pool")), Verdict: Works}
	switch {
	case err != nil:
		c.Seen, c.Verdict, c.Follows = whys(err), Costs, "known curves cannot be refreshed by address"
	case differ > fewTrades && differ*10 > of:
		c.Verdict, c.Follows = Costs, "scans are behind: what they find is read again by address"
	}
	n.add(c)
}

// recently is a minute and a half of slots.
const recently = 200

// changes books whether changedSinceSlot shortens a walk.
func (n *node) changes(ctx context.Context) {
	shortens, pools, err := n.probe.Changes(ctx, n.slot-recently)
	c := Check{What: "changedSinceSlot", Expected: "few pools, in one page", Seen: fmt.Sprintf("%s since %d slots ago", count(pools, "pool"), recently), Verdict: Works}
	known := 0
	for _, find := range n.found {
		known = max(known, find.Pools)
	}
	switch {
	case err != nil:
		c.Seen, c.Verdict = whys(err), Costs
	case !shortens:
		c.Seen, c.Verdict = "the walk is as long as ever", Costs
	case known > 1 && pools >= known:
		c.Seen, c.Verdict = "ignored: "+c.Seen, Costs
	}
	c.Follows = unless(c.Verdict == Works, "a refresh finds new curves by the plain call, or by signatures of the config")
	n.add(c)
}

// blockTimes books whether the node knows when slots were, new and old.
func (n *node) blockTimes(ctx context.Context) {
	n.blockTime(ctx, "getBlockTime", n.slot-recently)
	if birth := n.probe.Birth(); birth > 0 {
		n.blockTime(ctx, "getBlockTime, old", birth)
	}
}

// maxSkipped is how many slots in a row may have no block.
const maxSkipped = 5

func (n *node) blockTime(ctx context.Context, what string, slot int64) {
	var at int64
	err := solana.ErrSkippedSlot
	for s := slot; errors.Is(err, solana.ErrSkippedSlot) && s < slot+maxSkipped; s++ {
		at, err = n.session.BlockTime(ctx, s)
	}
	c := Check{What: what, Expected: "when a slot was", Seen: fmt.Sprintf("slot %d: %s", slot, time.Unix(at, 0).UTC().Format(time.RFC3339)), Verdict: Works}
	if err != nil {
		c.Seen, c.Verdict, c.Follows = whys(err), Costs, "creation times of curves that count in slots stay estimates, or unknown"
	}
	n.add(c)
}

// history books whether the node lists what was done to a pool, and tells of it.
func (n *node) history(ctx context.Context) {
	pool, ok := n.probe.Pool()
	if !ok {
		n.unasked("getSignaturesForAddress", "getTransaction")
		return
	}
	signatures, err := n.session.SignaturesForAddress(ctx, pool, "", 1)
	c := Check{What: "getSignaturesForAddress", Expected: "the newest transaction of a pool", Seen: count(len(signatures), "signature"), Verdict: Works}
	if err != nil {
		c.Seen, c.Verdict = whys(err), Costs
	}
	c.Follows = unless(c.Verdict == Works, "new curves are not found by the transactions of their config")
	n.add(c)
	if len(signatures) == 0 {
		n.unasked("getTransaction")
		return
	}
	keys, err := n.session.TransactionKeys(ctx, signatures[0].Text)
	c = Check{What: "getTransaction", Expected: "its accounts", Seen: count(len(keys), "account"), Verdict: verdict(len(keys) > 0, Costs)}
	if err != nil {
		c.Seen = whys(err)
	}
	c.Follows = unless(c.Verdict == Works, "new curves are not found by the transactions of their config")
	n.add(c)
}
