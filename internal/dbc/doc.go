// Package dbc reads a launchpad's own tokens from the chain: the pools of Dynamic Bonding Curves, what they have earned,
// their mints and names, and the AMM pools that they graduate into.
//
// Whose a pool is follows from what the operator wrote into the parameter, and each form proves something else:
//
//   - KEY: pools on the config KEY. Whoever made the config holds its private key, but anyone may make a pool on it:
//     the config proves a pool's terms, not who launched its token.
//   - claimer:KEY: pools on every config that names KEY as its fee claimer. A config is made without the claimer's
//     signature, so that this proves nothing: a stranger can make one with terms of his own.
//   - creator:KEY: pools that the wallet KEY created. A pool's creator signs, so that these are its own.
package dbc
