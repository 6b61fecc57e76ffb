// Package upstream asks servers that are not ours: within their limits, with bounded waits, pauses and bodies, and again
// within a budget.
package upstream
