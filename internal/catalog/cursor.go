package catalog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// cursorVersion changes whenever a cursor's form or meaning does, so that an old one is refused and never misread.
const cursorVersion = 2

// MaxCursor bounds a cursor, in characters. One takes about 90.
const MaxCursor = 1024

// maxKeyBytes bounds a sort value: a symbol has 32 runes, which lower case may lengthen.
const maxKeyBytes = 256

// cursor says where a list goes on: in which board, and behind which row.
//
// It is neither secret nor signed. Every field is checked, and whatever it says, it is at best another place in the very
// list that its query shows.
type cursor struct {
	query   [bindingBytes]byte // hash of what the list depends on
	version int64              // of the board
	after   *board.Position    // nil is the beginning
}

const bindingBytes = 6

// binding returns the same for two queries exactly when a cursor of one may be used with the other: limit may change.
func (q *Query) binding() (b [bindingBytes]byte) {
	fields := []string{
		string(q.Sort), q.Order, string(q.Launchpad), strings.ToLower(q.Search), string(q.Stage), q.Creator, strings.Join(q.Configs, ","),
	}
	if q.status != "" {
		fields = append(fields, string(q.status))
	}
	text, _ := json.Marshal(fields)
	sum := sha256.Sum256(text)
	copy(b[:], sum[:])
	return b
}

// encode returns canonical: the same cursor always comes out as the same text.
func (c *cursor) encode() string {
	b := append([]byte{cursorVersion}, c.query[:]...)
	b = binary.AppendUvarint(b, uint64(c.version))
	b = append(b, byte(c.after.Rank))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.after.Value))
	for _, text := range []string{c.after.Text, c.after.Mint} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads a cursor of the normalised query q. Anything that encode could not have written for this very query
// is a *ParameterError.
func parseCursor(s string, q *Query) (cursor, error) {
	c := cursor{query: q.binding()}
	if s == "" {
		return c, nil
	}
	damaged := badParameter("cursor", "is damaged; use next_cursor of an answer as it is")
	b, err := base64.RawURLEncoding.DecodeString(s)
	switch {
	case len(s) > MaxCursor || err != nil || len(b) < 1+bindingBytes:
		return c, damaged
	case b[0] != cursorVersion:
		return c, badParameter("cursor", "is of another version of this API; start again without it")
	case string(b[1:1+bindingBytes]) != string(c.query[:]):
		return c, badParameter("cursor", "belongs to another query: sort, order, launchpad, stage, creator, config and q must stay the same")
	}
	if !c.decode(b[1+bindingBytes:]) || !validPosition(c.after, q) || c.encode() != s {
		return cursor{}, damaged // or another spelling of the same
	}
	return c, nil
}

// decode reads what stands behind the query.
func (c *cursor) decode(b []byte) bool {
	version, n := binary.Uvarint(b)
	if n <= 0 || len(b[n:]) < 1+8 || version > math.MaxInt64 {
		return false
	}
	c.version, b = int64(version), b[n:]
	p := &board.Position{Rank: int(b[0]), Value: math.Float64frombits(binary.BigEndian.Uint64(b[1:]))}
	b = b[1+8:]
	for _, text := range []*string{&p.Text, &p.Mint} {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return false
		}
		*text, b = string(b[n:n+int(length)]), b[n+int(length):]
	}
	c.after = p
	return len(b) == 0
}

// validPosition reports whether p can be a place in q's order.
func validPosition(p *board.Position, q *Query) bool {
	isRanked := q.Sort == board.Relevance
	switch {
	case !token.IsKey(p.Mint), math.IsNaN(p.Value):
		return false
	case isRanked != (p.Rank > 0), p.Rank > board.MaxRank:
		return false
	case q.Sort == board.Symbol:
		return p.Value == 0 && len(p.Text) <= maxKeyBytes && utf8.ValidString(p.Text)
	}
	return p.Text == ""
}
