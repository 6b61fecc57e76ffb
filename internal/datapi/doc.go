// Package datapi is what Meteora's launchpad scaffold, fun-launch, asks of its data API: a front end that is pointed here
// has its lists served from the launchpad's own board.
//
// Types are what the scaffold's TypeScript expects: numbers as numbers, and what is unknown is left out.
package datapi
