package rpctest

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// A Kind is how a provider's nodes answer, as live reports describe it.
type Kind string

// The kinds. The zero Kind is ReturnCounting.
const (
	// ReturnCounting has pages whose limit counts the accounts returned, bare in the result; changedSinceSlot shortens
	// the walk, and plain getProgramAccounts works (Alchemy).
	ReturnCounting Kind = "return-counting"
	// ScanCounting has pages whose limit counts the accounts scanned, whatever the filters and changedSinceSlot say, and
	// refuses plain getProgramAccounts by the program's size (Helius).
	ScanCounting Kind = "scan-counting"
	// Wrapped puts pages into value beside a context, and has no block times of old slots (Solami).
	Wrapped Kind = "wrapped"
	// Cursor pages by value.nextCursor and hasMore; there is no paginationKey (Solana Tracker).
	Cursor Kind = "cursor"
	// Plain does not know getProgramAccountsV2; getProgramAccounts answers in one call (the public node).
	Plain Kind = "plain"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{ReturnCounting, ScanCounting, Wrapped, Cursor, Plain} }

// oldSlots is how many slots a node without history keeps: about two days.
const oldSlots = 432_000

// Node is how the chain's RPC node behaves. The zero value is a ReturnCounting node with nothing but the chain's own
// accounts.
type Node struct {
	Kind        Kind
	Strangers   int      // accounts of other launchpads in the DBC program; they are computed, not held
	NoSlices    bool     // dataSlice is ignored
	MaxLimit    int      // of a page; 0 means 10,000
	Behind      uint64   // program scans show the chain as it was that many slots ago
	NoOldBlocks bool     // getBlockTime fails for slots older than two days, as it always does on a Wrapped node
	SkippedOld  int      // code of the error for old skipped slots; 0 means -32009
	Missing     [][2]int // ranges of slots, both ends included, that are gone from long-term storage
}

// SetNode replaces Config.Node while the node runs.
func (c *Chain) SetNode(n Node) { c.node.Store(&n) }

// Node returns how the node behaves.
func (c *Chain) Node() Node { return *c.node.Load() }

func (n *Node) pages() bool     { return n.Kind != Plain }
func (n *Node) scans() bool     { return n.Kind == ScanCounting }
func (n *Node) indexes() bool   { return n.Kind == ScanCounting }
func (n *Node) oldBlocks() bool { return !n.NoOldBlocks && n.Kind != Wrapped }

func (n *Node) maxLimit() int {
	if n.MaxLimit > 0 {
		return n.MaxLimit
	}
	return maxLimit
}

// more returns the part of a page that tells where the next one begins: "" means nowhere.
func (n *Node) more(next string, total int) string {
	if n.Kind == Cursor {
		return fmt.Sprintf(`"hasMore":%t,"nextCursor":%s,"totalCount":%d`, next != "", quoted(next), total)
	}
	return `"paginationKey":` + quoted(next)
}

// quoted returns a JSON string, or null for "".
func quoted(s string) string {
	if s == "" {
		return "null"
	}
	return strconv.Quote(s)
}

// credits are the prices of requests by kind, as the providers publish them: what is not listed costs what "" does.
var credits = map[Kind]map[string]int{
	ReturnCounting: {"": 20}, // compute units
	ScanCounting: {
		"": 1, "getProgramAccounts": 10, "getBlockTime": 10, "getSignaturesForAddress": 10, "getTransaction": 10, "getAssetBatch": 10,
	},
	Wrapped: {"": 1},
	Cursor:  {"": 1},
	Plain:   {"": 0},
}

func (n *Node) credits(method string) int {
	prices := credits[n.Kind]
	if n.Kind == "" {
		prices = credits[ReturnCounting]
	}
	if price, ok := prices[method]; ok {
		return price
	}
	return prices[""]
}

// count counts a request, and returns its number among those of its method, from 1.
func (c *Chain) count(n *Node, method string) int {
	c.meter.Lock()
	defer c.meter.Unlock()
	if c.requests == nil {
		c.requests = map[string]int{}
	}
	c.requests[method]++
	c.credits += n.credits(method)
	return c.requests[method]
}

// Requests returns how many requests have come, by method, since the last ResetMeter.
func (c *Chain) Requests() map[string]int {
	c.meter.Lock()
	defer c.meter.Unlock()
	return maps.Clone(c.requests)
}

// Credits returns what they have cost by the price list of the node's kind.
func (c *Chain) Credits() int {
	c.meter.Lock()
	defer c.meter.Unlock()
	return c.credits
}

// ResetMeter sets Requests and Credits back to nothing.
func (c *Chain) ResetMeter() {
	c.meter.Lock()
	defer c.meter.Unlock()
	c.requests, c.credits = nil, 0
}

// Presets of faults, in the words of the provider that is known for them.
var (
	Deprioritized      = Fault{Code: -32600, Message: "Request deprioritized due to number of accounts requested. Slow down requests or add filters to narrow down results"}
	DeprioritizedUseV2 = Fault{Code: -32600, Message: "Request deprioritized. Use getProgramAccountsV2 instead"}
	TooManyAccounts    = Fault{Code: -32600, Message: "too many accounts (2301194 pubkeys)"}
	Overloaded         = Fault{Code: -32603, Message: "account index service overloaded, please try again"}
	RateLimited        = Fault{Code: -32005, Message: "rate limit exceeded"}
	PlanCap            = Fault{Code: -32010, Message: "account limit of your plan exceeded"}
	PaymentRequired    = Fault{Status: http.StatusPaymentRequired, Body: "payment required"}
)
