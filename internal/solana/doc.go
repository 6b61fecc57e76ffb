// Package solana reads accounts from a Solana RPC node as streams: one account at a time, in pages where the node has
// them, and without ever telling the node's URL, which holds a key.
package solana
