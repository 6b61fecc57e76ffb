// Package token is the domain: launchpad IDs, the pools that Meteora lists, and the tokens that are made of them.
//
// It knows neither AWS nor HTTP, and every value in it has been cleaned and bounded by whoever built it.
package token
