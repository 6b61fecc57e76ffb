// Package metadata fetches the JSON behind a mint's metadata URI: a token's picture, description and links.
//
// Every byte of it is a stranger's, the address included. A Client asks https hosts at public addresses only, checked
// at the dial, so that neither a redirect nor a name that resolves anew leads inside; what comes back is bounded,
// cleaned and cut.
package metadata
