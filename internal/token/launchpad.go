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

// LaunchpadID names a launchpad as Meteora's `launchpad` field spells it ("pump.fun"), or is the public key of a
// DBC config or of the fee claimer of such configs. It is compared exactly, byte by byte.
type LaunchpadID string

// ErrNoLaunchpadID means that no launchpad ID is set at all.
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
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError {
			return fmt.Errorf("launchpad ID %q has white space or a control character (%U) inside", id, r)
		}
	}
	return nil
}

// IsPublicKey says whether s is base58 for 32 bytes: a mint, a pool's address, a config key.
func IsPublicKey(s string) bool {
	if len(s) < 32 || len(s) > 44 {
		return false
	}
	b, err := base58.Decode(s)
	return err == nil && len(b) == 32
}
