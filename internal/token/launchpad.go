package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mr-tron/base58"
)

// maxLaunchpadID is the longest launchpad ID, in characters.
const maxLaunchpadID = 64

// LaunchpadID names a launchpad: as Meteora's `launchpad` field spells it ("pump.fun"), or by a key on the chain, in one of
// the forms that Claim tells apart. It is compared exactly, byte by byte.
type LaunchpadID string

// Claim is what an ID's key must be to a token's bonding curve. It says nothing about what that proves.
type Claim string

// The claims, by how an ID is written.
const (
	ByName    Claim = ""        // no key at all
	ByConfig  Claim = "config"  // KEY: the curve's config
	ByClaimer Claim = "claimer" // claimer:KEY: the fee claimer of the curve's config
	ByCreator Claim = "creator" // creator:KEY: the curve's creator
)

// Claim returns how id claims its tokens, and the key or the name that it does so by.
func (id LaunchpadID) Claim() (by Claim, text string) {
	prefix, key, found := strings.Cut(string(id), ":")
	switch claim := Claim(prefix); {
	case found && (claim == ByClaimer || claim == ByCreator):
		return claim, key
	case IsPublicKey(string(id)):
		return ByConfig, string(id)
	}
	return ByName, string(id)
}

// ErrNoLaunchpadID is returned when no launchpad ID is set at all.
var ErrNoLaunchpadID = errors.New("no launchpad ID is set")

// ParseLaunchpadIDs reads one ID or a comma-separated list. White space around an ID is not part of it; an empty
// value is ErrNoLaunchpadID, and an ID that cannot be one is an error that shows it quoted. Repeats are dropped.
func ParseLaunchpadIDs(value string) ([]LaunchpadID, error) {
	var ids []LaunchpadID
	seen := map[string]bool{}
	for field := range strings.SplitSeq(value, ",") {
		id := strings.TrimSpace(field)
		if id == "" || seen[id] {
			continue
		}
		if err := checkLaunchpadID(id); err != nil {
			return nil, err
		}
		seen[id] = true
		ids = append(ids, LaunchpadID(id))
	}
	if len(ids) == 0 {
		return nil, ErrNoLaunchpadID
	}
	return ids, nil
}

func checkLaunchpadID(id string) error {
	if n := utf8.RuneCountInString(id); n > maxLaunchpadID {
		return fmt.Errorf("launchpad ID %q… has %d characters, more than %d", string([]rune(id)[:16]), n, maxLaunchpadID)
	}
	for _, r := range id {
		switch {
		case unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError:
			return fmt.Errorf("launchpad ID %q has white space or a control character (%U) inside", id, r)
		case isPunctuationOfLists(r):
			return fmt.Errorf("launchpad ID %q has %q inside: an ID is written bare, and several with commas between them", id, r)
		}
	}
	return checkClaim(id)
}

// isPunctuationOfLists reports whether r comes from a way of writing texts and lists that is not ours: quotes, JSON, a
// template's placeholder.
func isPunctuationOfLists(r rune) bool {
	return strings.ContainsRune("`;<>", r) || unicode.In(r, unicode.Quotation_Mark, unicode.Ps, unicode.Pe)
}

// checkClaim refuses an ID that looks like a claim and is not one: it would match nothing, for ever.
func checkClaim(id string) error {
	by, text := LaunchpadID(id).Claim()
	prefix, rest, found := strings.Cut(id, ":")
	switch {
	case (by == ByClaimer || by == ByCreator) && !IsPublicKey(text):
		return fmt.Errorf("launchpad ID %q: what follows %q is not a public key", id, prefix+":")
	case by == ByName && found && IsPublicKey(rest):
		return fmt.Errorf("launchpad ID %q: a key is written bare, or after %q or %q", id, ByClaimer+":", ByCreator+":")
	}
	return nil
}

// IsPublicKey reports whether s is base58 for 32 bytes: a mint, a pool's address, a config key.
func IsPublicKey(s string) bool {
	if len(s) < 32 || len(s) > 44 {
		return false
	}
	b, err := base58.Decode(s)
	return err == nil && len(b) == 32
}
