// Package syncrun is what a run of the sync is: its record, and what one run leaves for the next.
package syncrun

import (
	"errors"
	"time"

	"tokensync/internal/token"
)

// Record is the record of one sync: what it saw, what it wrote, what it cost. It is returned, logged and stored.
type Record struct {
	RunID            string              `json:"run_id"`
	Mode             string              `json:"mode"`
	Status           Status              `json:"status"`
	Launchpads       []token.LaunchpadID `json:"launchpads"`
	StartedAt        time.Time           `json:"started_at"`
	DurationMS       int64               `json:"duration_ms"`
	PoolsScanned     int64               `json:"pools_scanned"` // of Meteora's lists; dbc's are in its own entry of Products
	PoolsMatched     int64               `json:"pools_matched"` // distinct pools that are ours
	PoolsInvalid     int64               `json:"pools_invalid"`
	BytesRead        int64               `json:"bytes_read"` // over the wire, compressed
	UpstreamRequests int64               `json:"upstream_requests"`
	UpstreamRetries  int64               `json:"upstream_retries"`
	TokensNew        int                 `json:"tokens_new"`
	TokensUpdated    int                 `json:"tokens_updated"`
	TokensUnchanged  int                 `json:"tokens_unchanged"`
	TokensDelisted   int                 `json:"tokens_delisted"`
	TokensUnapproved int                 `json:"tokens_unapproved,omitzero"` // not the launchpad's own
	TokensHidden     int                 `json:"tokens_hidden,omitzero"`     // by the operator
	TokensUnwritten  int                 `json:"tokens_unwritten"`
	Delisting        string              `json:"delisting"` // "done", or why there was none or only some
	WriteBatches     int                 `json:"write_batches"`
	ItemsWritten     int                 `json:"items_written"` // of the tokens table
	BoardVersion     int64               `json:"board_version"`
	BoardBytes       int64               `json:"board_bytes"`
	PointBytes       int64               `json:"point_bytes,omitzero"` // of the point that it kept of all tokens; 0 when one was there
	LookupsAsked     int64               `json:"lookups_asked"`        // pools asked for by address
	LookupsFound     int64               `json:"lookups_found"`
	FacesFetched     int                 `json:"faces_fetched,omitzero"` // pictures, descriptions and links
	FacesFailed      int                 `json:"faces_failed,omitzero"`  // asked for again after a pause
	FacesRefused     int                 `json:"faces_refused,omitzero"` // of the failed: their addresses are never asked
	WriteUnits       int64               `json:"write_units,omitzero"`   // that the tables charged, without this record's own
	Watch            *Watch              `json:"watch,omitempty"`        // of a refresh that went on looking
	PeakRSSBytes     int64               `json:"peak_rss_bytes"`
	PeakHeapBytes    int64               `json:"peak_heap_bytes"`
	Error            string              `json:"error"`
	Products         []ProductRecord     `json:"products"`
}

// Watch is what a refresh did from its board to the next tick. The run's totals of requests, bytes, batches and items hold
// these too; its counts of tokens do not.
type Watch struct {
	Looks         int    `json:"looks"`
	Failed        int    `json:"looks_failed"`
	Published     int    `json:"boards_published"`
	TokensNew     int    `json:"tokens_new"`
	TokensUpdated int    `json:"tokens_updated"`
	Requests      int64  `json:"requests"`
	BytesRead     int64  `json:"bytes_read"`
	RPCCredits    int64  `json:"rpc_credits"`
	WriteUnits    int64  `json:"write_units"`
	Ended         string `json:"ended"`           // why
	Error         string `json:"error,omitempty"` // of the last look that failed
}

// Status is how a run ended.
type Status string

// The ways in which a run, or one product in it, ends.
const (
	Succeeded Status = "succeeded"
	Partial   Status = "partial" // a product failed, or tokens stayed unwritten; the next run repairs it
	Skipped   Status = "skipped" // another run is under way, or there was nothing to do
	Failed    Status = "failed"
)

// ProductRecord is one product's part of a Run.
type ProductRecord struct {
	Product      token.Product `json:"product"`
	Status       Status        `json:"status"`
	PoolsScanned int64         `json:"pools_scanned"`
	PoolsMatched int64         `json:"pools_matched"`
	PoolsInvalid int64         `json:"pools_invalid"`
	Coverage     float64       `json:"coverage,omitzero"` // of the pools that the server says there are, those that a full scan saw; 0 is unknown
	Notes        []string      `json:"notes,omitempty"`   // how it was read, and what was odd
	DurationMS   int64         `json:"duration_ms"`
	Error        string        `json:"error"`

	RPC        map[string]int64 `json:"rpc_requests,omitempty"` // of the RPC node, by method
	RPCCredits int64            `json:"rpc_credits,omitempty"`  // what they cost at Helius
}

// WriteResult is what became of tokens that were to be written.
type WriteResult struct {
	Items     int      // tokens that were written
	Batches   int      // requests of up to 25 tokens that wrote something
	Unwritten []string // mints that stayed out, for the next run
	Err       error    // why, the first reason
}

// ErrGap reports more new pools than are worth asking for one by one: only a full scan finds them.
var ErrGap = errors.New("the newest pools do not reach back to the last run")

// ErrIncomplete reports a source that could not be read to its end in one run, although nothing failed: what it delivered is
// sound, what it did not deliver proves nothing, and the next run goes on from there.
var ErrIncomplete = errors.New("not read to the end yet")

// ErrFinal reports what does not change by asking again.
var ErrFinal = errors.New("asking again does not help")

// ErrUnconfigured reports a source with nothing to read from: its product is skipped.
var ErrUnconfigured = errors.New("not configured")

// ErrLeaseHeld is returned when another run holds the lease.
var ErrLeaseHeld = errors.New("another run is under way")

// Outcome is a run as its metrics need it: the record, and as figures what the record says only in words.
type Outcome struct {
	Record
	Throttles         int64 // responses of Meteora's that were "too many requests"
	OpenBreakers      int   // products that are left alone when the run is over
	Misconfigured     bool  // a setting is missing or bad: without a change no run will succeed
	RemovalsRefused   bool  // more tokens would have left the lists than is believed, and none did
	LaunchpadsEmptied int   // launchpad IDs that had tokens and match nothing any more
	MigrationsStuck   int   // tokens that have been complete for more than a day and were not migrated
	BoardUnpublished  bool  // the run wrote, but readers still read the board before
	RulesInvalid      bool  // the listing rules could not be read; the last good ones applied
}
