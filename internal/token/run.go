package token

import (
	"errors"
	"time"
)

// Run is the record of one sync: what it saw, what it wrote, what it cost. It is returned, logged and stored.
type Run struct {
	RunID            string        `json:"run_id"`
	Mode             string        `json:"mode"`
	Status           RunStatus     `json:"status"`
	Launchpads       []LaunchpadID `json:"launchpads"`
	StartedAt        time.Time     `json:"started_at"`
	DurationMS       int64         `json:"duration_ms"`
	PoolsScanned     int64         `json:"pools_scanned"` // of Meteora's lists; dbc's are in its own entry of Products
	PoolsMatched     int64         `json:"pools_matched"` // distinct pools that are ours
	PoolsInvalid     int64         `json:"pools_invalid"`
	BytesRead        int64         `json:"bytes_read"` // over the wire, compressed
	UpstreamRequests int64         `json:"upstream_requests"`
	UpstreamRetries  int64         `json:"upstream_retries"`
	TokensNew        int           `json:"tokens_new"`
	TokensUpdated    int           `json:"tokens_updated"`
	TokensUnchanged  int           `json:"tokens_unchanged"`
	TokensDelisted   int           `json:"tokens_delisted"`
	TokensUnwritten  int           `json:"tokens_unwritten"`
	Delisting        string        `json:"delisting"` // "done", or why there was none
	WriteBatches     int           `json:"write_batches"`
	PeakRSSBytes     int64         `json:"peak_rss_bytes"`
	PeakHeapBytes    int64         `json:"peak_heap_bytes"`
	Error            string        `json:"error"`
	Products         []ProductRun  `json:"products"`
}

// RunStatus says how a run ended.
type RunStatus string

// The ways in which a run, or one product in it, ends.
const (
	Succeeded RunStatus = "succeeded"
	Partial   RunStatus = "partial" // a product failed, or tokens stayed unwritten; the next run repairs it
	Skipped   RunStatus = "skipped" // another run is under way, or there was nothing to do
	Failed    RunStatus = "failed"
)

// ProductRun is one product's part of a Run.
type ProductRun struct {
	Product      Product   `json:"product"`
	Status       RunStatus `json:"status"`
	PoolsScanned int64     `json:"pools_scanned"`
	PoolsMatched int64     `json:"pools_matched"`
	PoolsInvalid int64     `json:"pools_invalid"`
	DurationMS   int64     `json:"duration_ms"`
	Error        string    `json:"error"`
}

// Stored is what the table knows of a token, as far as a sync needs it.
type Stored struct {
	Mint        string
	Hash        string // of the content as it was written
	Status      Status
	Stage       Stage
	TVLUSD      Number
	Volume24h   Number
	Fees24h     Number
	CreatedAt   int64 // Unix milliseconds; 0 is unknown
	FirstSeenAt int64 // Unix milliseconds
	// Known are its pools by address; nil when it has more than are stored, so that no one can ask for all of them.
	Known []PoolKey
	Pools []Pool // only when they were asked for
}

// WriteResult is what became of tokens that were to be written.
type WriteResult struct {
	Batches   int         // BatchWriteItem chunks of up to 25 tokens
	Unwritten []Unwritten // tokens that stayed out, for the next run
	Err       error       // why, the first reason
}

// Unwritten is a token that could not be written.
type Unwritten struct {
	Mint        string
	FirstSeenAt int64
}

// Watermark is how far a product has been read: all pools of the launchpads that were created until then are stored.
type Watermark struct {
	Product    Product
	Newest     int64 // when the newest pool of all was created, in Unix milliseconds; 0 is unknown
	At         time.Time
	Launchpads []LaunchpadID
}

// ErrGap means that there are more new pools than are worth asking for one by one: only a full scan finds them.
var ErrGap = errors.New("the newest pools do not reach back to the last run")

// ErrLeaseHeld means that another run holds the lease.
var ErrLeaseHeld = errors.New("another run is under way")

// Outcome is a run as its metrics need it: the record, and as figures what the record says only in words.
type Outcome struct {
	Run
	Throttles        int64 // answers of Meteora that said "too many requests"
	OpenBreakers     int   // products that are left alone when the run is over
	Misconfigured    bool  // a setting is missing or bad: without a change no run will succeed
	DelistingRefused bool  // the scan missed too many tokens to be believed
}
