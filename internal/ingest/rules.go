package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// Rules say which tokens are the launchpad's own: those that meet one of them. A token that meets none is kept as
// unapproved. Rules that say nothing, and nil ones, are met by all.
type Rules struct {
	Creators    []string `json:"creators"`     // who made the curve
	URIPrefixes []string `json:"uri_prefixes"` // how the mint's metadata URI begins
}

// ParseRules reads rules from JSON. It accepts no field that it does not know: a rule that is misspelt would let everything in.
func ParseRules(text string) (*Rules, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var r *Rules
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("the listing rules: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || r == nil {
		return nil, errors.New("the listing rules are not one JSON object")
	}
	for _, creator := range r.Creators {
		if !token.IsPublicKey(creator) {
			return nil, fmt.Errorf("the listing rules: creator %.64q is not a public key", creator)
		}
	}
	if slices.Contains(r.URIPrefixes, "") {
		return nil, errors.New("the listing rules: an empty prefix lets everything in")
	}
	return r, nil
}

// approve reports whether t meets a rule.
func (r *Rules) approve(t *token.Token) bool {
	if r == nil || len(r.Creators)+len(r.URIPrefixes) == 0 {
		return true
	}
	uri := t.MetadataURI()
	return slices.Contains(r.Creators, t.Curve.Creator) ||
		slices.ContainsFunc(r.URIPrefixes, func(prefix string) bool { return strings.HasPrefix(uri, prefix) })
}

// Listing is where the rules come from.
type Listing struct {
	// Text reads the rules, as JSON.
	Text func(context.Context) (string, error)
	// Cache keeps the last good ones.
	Cache Cache

	last string // what the cache has, as far as this process knows
}

const rulesKey = "listing-rules"

// rules returns the current rules, or the last good ones and why. They are nil when there never were any.
func (l *Listing) rules(ctx context.Context) (rules *Rules, why, err error) {
	text, why := l.Text(ctx)
	if why == nil {
		if rules, why = ParseRules(text); why == nil {
			return rules, nil, l.keep(ctx, text)
		}
	}
	kept, err := l.Cache.Get(ctx, []string{rulesKey})
	if err != nil {
		return nil, why, fmt.Errorf("reading the last good listing rules: %w", err)
	}
	if text = kept[rulesKey]; text == "" {
		return nil, why, nil
	}
	rules, err = ParseRules(text)
	return rules, why, err
}

func (l *Listing) keep(ctx context.Context, text string) error {
	var short bytes.Buffer
	if err := json.Compact(&short, []byte(text)); err != nil || short.String() == l.last {
		return err
	}
	if err := l.Cache.Put(ctx, map[string]string{rulesKey: short.String()}, 0); err != nil {
		return fmt.Errorf("keeping the listing rules: %w", err)
	}
	l.last = short.String()
	return nil
}

// loadRules reads what the operator has hidden, and the listing rules. Bad ones do not end a run: the last good ones apply.
func (r *run) loadRules(ctx context.Context) (err error) {
	if r.hidden, err = r.Runs.Hidden(ctx); err != nil {
		return err
	}
	if r.Listing == nil {
		return nil
	}
	var why error
	if r.rules, why, err = r.Listing.rules(ctx); err != nil {
		return err
	}
	if why != nil {
		r.badRules = true
		r.Log.WarnContext(ctx, "the last good listing rules apply", "error", why.Error())
	}
	return nil
}

// review takes a token out of the lists that the operator has hidden or that meets no rule, and puts back any other.
func (r *run) review(t *token.Token) {
	switch {
	case !board.Holds(t.Status):
	case r.hidden[t.Mint]:
		t.Status = token.Hidden
		r.record.TokensHidden++
	case !r.rules.approve(t):
		t.Status = token.Unapproved
		r.record.TokensUnapproved++
	default:
		t.Status = token.Listed
	}
}

// isForeign reports whether what was gathered of a mint meets no rule: it is not worth asking for its pools.
func (r *run) isForeign(h *harvest, mint string) bool {
	if r.rules == nil {
		return false
	}
	t := token.Merge(h.pools.of(mint))
	return !r.rules.approve(&t)
}
