package token

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
