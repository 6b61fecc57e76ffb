// Package rpctest is a fake Solana RPC node over real HTTP, with launchpads on Meteora's Dynamic Bonding Curve: its nodes
// behave as those of several providers were seen to, its curves move at every Tick, and those that graduate get pools in
// DAMM v1 or v2.
//
// Accounts are computed from an index whenever an answer needs them, so a launchpad may have any size. A test may take
// over a curve's life, and ask for the truth: creation times, the books of its fees, the pools of each config. The package
// shares no code with the product, and it does not import testing: the local stack runs it as well.
package rpctest
