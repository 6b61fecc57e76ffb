// Package board holds a launchpad's tokens the way readers need them: as immutable chunks that are cheap to publish, and
// in memory as a compact view with pages, look-ups and totals.
//
// A run builds a board: Build turns tokens into chunks, each named by the hash of its bytes, and a Manifest that names a
// consistent set of them. What changes at different rates lies in different families of chunks, so that a run in which
// only dollars moved writes dollars only: a chunk whose hash the last manifest names already need not be written again.
// A reader opens a manifest: Open fetches the chunks that its last board lacks, checks them, and returns the whole board
// or an error.
//
// Every number keeps every digit, and every field of token.Token and token.Pool comes back as it was given.
//
// The package knows no store: whoever publishes and fetches is someone else.
package board
