package solana

// Position is where a walk through a program's accounts stands. Its zero value is the beginning.
type Position struct {
	After    string `json:"after,omitempty"`     // the key of the next page
	ByCursor bool   `json:"by_cursor,omitempty"` // the node calls its keys cursors
}
