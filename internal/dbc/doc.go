// Package dbc reads a launchpad's own tokens from the chain: the pools of its Dynamic Bonding Curve configs, their
// names, and the DAMM v2 pools that they graduate into.
package dbc
