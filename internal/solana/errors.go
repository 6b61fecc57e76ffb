package solana

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tokensync/internal/upstream"
)

// RPCError is an error that a node returned instead of a result. Its text is ours: a node may repeat the URL, which
// holds a key.
type RPCError struct {
	Code   int64
	reason reason
}

func (e *RPCError) Error() string {
	if e.reason == "" {
		return fmt.Sprintf("RPC error %d", e.Code)
	}
	return fmt.Sprintf("RPC error %d: %s", e.Code, string(e.reason))
}

// A reason is what an error's code means, in our words.
type reason string

const (
	passing   reason = ""                                                     // asking again may help
	throttled reason = "too many requests"                                    // and later certainly
	putBehind reason = "the node puts program scans behind other requests"    // for as long as it is busy
	invalid   reason = "the node calls the request invalid"                   // final when it does so twice in a row
	never     reason = "the node does not do this"                            // method, parameters
	tooLarge  reason = "the program is too large for this method of the node" // however it is filtered
	plan      reason = "the plan of the node's provider does not allow this"  // until somebody pays
	skipped   reason = "there is no block in this slot"                       // of getBlockTime only
	noHistory reason = "the node does not have the history of this slot"      // of getBlockTime only
)

// Codes of errors (Solana: rpc-client-api/src/custom_error.rs; those of providers where noted).
const (
	codeInvalid     = -32600 // Helius: also "too many accounts" and "deprioritized"
	codeNoMethod    = -32601
	codeBadParams   = -32602
	codeCleanedUp   = -32001
	codeNotYet      = -32004 // QuickNode, Chainstack: also a skipped slot of long ago
	codeThrottled   = -32005 // the node is behind; Solami: too many requests
	codeSkipped     = -32007 // QuickNode, of accounts: too many requests
	codeSkippedLong = -32009
	codeExcluded    = -32010 // the key is not in the node's indexes; Solami: the plan's
	codeNoHistory   = -32011
	codeTooMany     = -32429
)

// reasonOf tells what a code means; where it has two meanings, the node's text decides between them.
func reasonOf(method string, code int64, text string) reason {
	text = strings.ToLower(text)
	if method == methodBlockTime {
		switch code {
		case codeSkipped, codeSkippedLong, codeNotYet:
			return skipped
		case codeCleanedUp, codeNoHistory:
			return noHistory
		}
	}
	switch code {
	case codeNoMethod, codeBadParams:
		return never
	case codeThrottled, codeSkipped, codeTooMany, http.StatusTooManyRequests:
		return throttled
	case codeExcluded:
		if strings.Contains(text, "excluded") {
			return never
		}
		return plan
	case codeInvalid:
		return invalidReason(text)
	}
	return passing
}

func invalidReason(text string) reason {
	switch {
	case strings.Contains(text, "too many accounts"):
		return tooLarge
	case strings.Contains(text, "deprioritized"):
		return putBehind
	}
	return invalid
}

// Retryable reports whether asking again may help. An unknown code is not final.
func (e *RPCError) Retryable() bool {
	switch e.reason {
	case never, tooLarge, plan, skipped, noHistory:
		return false
	default:
		return true
	}
}

// Throttled reports whether the node said "too many requests".
func (e *RPCError) Throttled() bool { return e.reason == throttled }

// refused reports whether the node will not do what was asked, however often: it does not know the method, or does not
// do it for this program.
func refused(err error) bool {
	if status, ok := errors.AsType[*upstream.StatusError](err); ok {
		switch status.Code {
		case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusPaymentRequired:
			return false
		}
		return status.Code >= 400 && status.Code < 500
	}
	rpc, ok := errors.AsType[*RPCError](err)
	return ok && (rpc.reason == never || rpc.reason == tooLarge)
}

// IsRefused reports whether the node, or the provider's plan, does not have what was asked.
func IsRefused(err error) bool { return refused(err) || IsPlan(err) }

// IsPlan reports whether err means that the provider's plan is used up or does not include what was asked: no other
// request will succeed either until somebody pays.
func IsPlan(err error) bool {
	if status, ok := errors.AsType[*upstream.StatusError](err); ok {
		return status.Code == http.StatusPaymentRequired
	}
	rpc, ok := errors.AsType[*RPCError](err)
	return ok && rpc.reason == plan
}

// malformed is an upstream.ErrMalformed whose text is ours, so that it may be shown.
type malformed string

func (m malformed) Error() string { return upstream.ErrMalformed.Error() + ": " + string(m) }

// Is makes it an upstream.ErrMalformed.
func (m malformed) Is(target error) bool { return target == upstream.ErrMalformed }

func malformedf(format string, args ...any) error { return malformed(fmt.Sprintf(format, args...)) }

func isRPC(err error) bool {
	_, ok := errors.AsType[*RPCError](err)
	return ok
}
