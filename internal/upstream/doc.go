// Package upstream asks servers that are not ours: bounded waits, pauses and bodies, gzip, and retries within a budget.
package upstream
