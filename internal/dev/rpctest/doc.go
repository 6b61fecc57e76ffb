// Package rpctest is a fake Solana RPC node over real HTTP, with a launchpad on Meteora's Dynamic Bonding Curve: its
// filters work, its tokens move along their curves at every Tick, and those that graduate get DAMM v2 pools.
//
// Accounts are computed from an index whenever an answer needs them, so a launchpad may have any size. The package
// shares no code with the decoder that it tests, and it does not import testing: the local stack runs it as well.
package rpctest
