package solana

import (
	"context"
	"errors"
	"fmt"

	"tokensync/internal/jsonwalk"
)

// What BlockTime returns for slots without a time.
var (
	ErrSkippedSlot = errors.New("no block was made in this slot")
	ErrNoHistory   = errors.New("the node does not know when this slot was")
)

// BlockTime returns when the block of an old slot was made, in Unix seconds. ErrSkippedSlot means there is none: the next
// slot may have one. ErrNoHistory means the node does not know. Other errors are those of the line and the node.
func (s *Session) BlockTime(ctx context.Context, slot int64) (unix int64, err error) {
	known := false
	err = s.call(ctx, methodBlockTime, []any{slot}, maxSmallBody, func(a *answer) (err error) {
		unix, known, err = jsonwalk.Integer(a.dec)
		return err
	})
	if rpc, ok := errors.AsType[*RPCError](err); ok {
		switch rpc.reason {
		case skipped:
			return 0, fmt.Errorf("slot %d: %w", slot, ErrSkippedSlot)
		case noHistory, never:
			return 0, fmt.Errorf("slot %d: %w", slot, ErrNoHistory)
		default: // the caller's, as it is
		}
	}
	if err == nil && (!known || unix <= 0) {
		return 0, fmt.Errorf("slot %d: %w", slot, ErrNoHistory)
	}
	return unix, err
}

// maxSmallBody bounds an answer that is not a list of accounts: a thousand signatures, a transaction with its logs.
const maxSmallBody = 4 << 20

// maxSignatures is getSignaturesForAddress's own limit.
const maxSignatures = 1000

// A Signature names a transaction. It is base58.
type Signature struct {
	Text      string
	Slot      int64
	BlockTime int64 // Unix seconds; 0 is unknown
	Failed    bool  // the transaction changed nothing
}

// maxSignatureText is the longest base58 spelling of 64 bytes.
const maxSignatureText = 88

// SignaturesForAddress lists transactions that mention an address, the newest first: those after the transaction until,
// or up to limit. limit is at most a thousand; 0 means that.
func (s *Session) SignaturesForAddress(ctx context.Context, address Key, until string, limit int) ([]Signature, error) {
	if limit <= 0 || limit > maxSignatures {
		limit = maxSignatures
	}
	options := map[string]any{"limit": limit, "commitment": commitment}
	if until != "" {
		options["until"] = until
	}
	var signatures []Signature
	err := s.call(ctx, methodSignatures, []any{address.String(), options}, maxSmallBody, func(a *answer) (err error) {
		if a.dec.PeekKind() != '[' {
			return malformed("signatures that are not an array")
		}
		signatures = signatures[:0]
		return jsonwalk.Array(a.dec, func(int) error {
			signature, err := a.signature()
			if err == nil && len(signatures) == limit {
				err = malformedf("more than the %d signatures that were asked for", limit)
			}
			signatures = append(signatures, signature)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return signatures, nil
}

func (a *answer) signature() (s Signature, err error) {
	err = jsonwalk.Object(a.dec, func(name string) (err error) {
		switch name {
		case "signature":
			s.Text, err = jsonwalk.Text(a.dec)
		case "slot":
			s.Slot, _, err = jsonwalk.Integer(a.dec)
		case "blockTime":
			s.BlockTime, _, err = jsonwalk.Integer(a.dec)
		case "err":
			s.Failed = a.dec.PeekKind() != 'n'
			err = a.dec.SkipValue()
		default:
			err = a.dec.SkipValue()
		}
		return err
	})
	if err == nil && (s.Text == "" || len(s.Text) > maxSignatureText) {
		err = malformed("something that is not a signature")
	}
	return s, err
}

// TransactionKeys lists the accounts that a transaction mentions; none when the node does not have it yet.
func (s *Session) TransactionKeys(ctx context.Context, signature string) ([]Key, error) {
	options := map[string]any{"encoding": "json", "commitment": commitment, "maxSupportedTransactionVersion": 0}
	var keys []Key
	err := s.call(ctx, methodTransaction, []any{signature, options}, maxSmallBody, func(a *answer) error {
		keys = keys[:0]
		return a.transactionKeys(&keys)
	})
	return keys, err
}

// transactionKeys reads the keys in transaction.message.accountKeys and in meta.loadedAddresses.
func (a *answer) transactionKeys(keys *[]Key) error {
	return jsonwalk.Object(a.dec, func(name string) error {
		switch name {
		case "transaction", "message", "meta", "loadedAddresses":
			return a.transactionKeys(keys)
		case "accountKeys", "writable", "readonly":
			return jsonwalk.Array(a.dec, func(int) error {
				key, err := a.key()
				if !key.IsZero() {
					*keys = append(*keys, key)
				}
				return err
			})
		}
		return a.dec.SkipValue()
	})
}
