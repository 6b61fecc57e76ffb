package catalog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tokensync/internal/token"
)

// cursorVersion changes whenever a cursor's form or meaning does, so that an old one is refused and never misread.
const cursorVersion = 1

// MaxCursor bounds a cursor, in characters. One position takes about 250.
const MaxCursor = 4096

// maxKeyBytes bounds a sort value: a symbol has 32 runes, which lower case may lengthen.
const maxKeyBytes = 256

// cursor says where each launchpad's list goes on. One position for all would not do: DynamoDB leaves the order of
// equal sort keys to itself, so a place in one partition says nothing of the ties in another.
//
// It is neither secret nor signed. The partition that is read comes from the configuration and never from here, and every
// field is checked, so that a forged cursor is at best another place in the very list that its query shows.
type cursor struct {
	query     string // hash of what the list depends on
	positions map[token.LaunchpadID]Position
}

// wire is a cursor as JSON: version, query, and launchpad, key and mint of each position.
type wire struct {
	Version   int         `json:"v"`
	Query     string      `json:"q"`
	Positions [][3]string `json:"p"`
}

// binding is the same for two queries exactly when a cursor of one may be used with the other: limit may change.
func (q *Query) binding() string {
	fields := []string{string(q.Sort), q.Order, string(q.Launchpad), strings.ToLower(q.Search), string(q.Stage)}
	b, _ := json.Marshal(fields)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// encode is canonical: the same cursor always comes out as the same text.
func (c *cursor) encode() string {
	w := wire{Version: cursorVersion, Query: c.query, Positions: [][3]string{}}
	for id, p := range c.positions {
		w.Positions = append(w.Positions, [3]string{string(id), p.Key, p.Mint})
	}
	slices.SortFunc(w.Positions, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	b, _ := json.Marshal(w)
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor of the normalised query q over the launchpads ids. Anything that encode could not have
// written for this very query is a *ParameterError.
func parseCursor(s string, q *Query, ids []token.LaunchpadID) (*cursor, error) {
	c := &cursor{query: q.binding(), positions: map[token.LaunchpadID]Position{}}
	if s == "" {
		return c, nil
	}
	w, ok := decodeWire(s)
	switch {
	case !ok:
		return nil, badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
	case w.Version != cursorVersion:
		return nil, badParameter("cursor", "is of another version of this API; start again without it")
	case w.Query != c.query:
		return nil, badParameter("cursor", "belongs to another query: sort, order, launchpad, stage and q must stay the same")
	case len(w.Positions) == 0:
		return nil, badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
	}
	for _, p := range w.Positions {
		id, position := token.LaunchpadID(p[0]), Position{Key: p[1], Mint: p[2]}
		if !slices.Contains(ids, id) {
			return nil, badParameter("cursor", "speaks of a launchpad that is no longer listed; start again without it")
		}
		if !position.valid(q) {
			return nil, badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
		}
		c.positions[id] = position
	}
	if c.encode() != s { // another spelling of the same: repeats, white space, unknown fields, spare bits
		return nil, badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
	}
	return c, nil
}

func decodeWire(s string) (w wire, ok bool) {
	if len(s) > MaxCursor {
		return w, false
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	return w, err == nil && json.Unmarshal(b, &w) == nil
}

// valid says whether p can be a place in q's index. DynamoDB refuses a start key of the wrong type or outside of the
// key condition, which would come out as our fault and not the client's.
func (p Position) valid(q *Query) bool {
	if !token.IsKey(p.Mint) {
		return false
	}
	if q.Sort == SortSymbol {
		return p.Key != "" && len(p.Key) <= maxKeyBytes && utf8.ValidString(p.Key) &&
			strings.HasPrefix(p.Key, strings.ToLower(q.Search))
	}
	if q.Sort == SortCreated {
		_, err := strconv.ParseInt(p.Key, 10, 64)
		return err == nil && canonicalNumber(p.Key)
	}
	return canonicalNumber(p.Key)
}

func canonicalNumber(s string) bool {
	n, ok := token.ParseNumber(s)
	return ok && string(n) == s
}
