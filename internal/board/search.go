package board

import (
	"math"
	"strings"
	"sync"
)

// minMintPrefix is how many characters of a mint find it.
const minMintPrefix = 8

// How well a token matches a search.
const (
	noMatch = iota
	partMatch
	prefixMatch
	exactMatch

	// MaxRank is the highest rank of a Position.
	MaxRank = exactMatch
)

// Between the texts of searchable, and behind a symbol: what fold leaves in none of them.
const (
	endOfToken  = '\x00'
	endOfSymbol = '\x01'
)

// searchable is the symbols and names of a chunk's tokens, folded, one behind the other: made when it is first searched.
type searchable struct {
	once    sync.Once
	text    string
	lengths []uint16 // of each token's
	symbols []uint8  // the same, of its symbol alone
}

// What is searched of a token's symbol and of its name, in bytes; far above what they have.
const (
	maxSymbol = math.MaxUint8
	maxName   = 1 << 12
)

var (
	symbolField = headField("symbol")
	nameField   = headField("name")
)

func (c *chunk) searchable() *searchable {
	s := &c.words
	s.once.Do(func() {
		var text strings.Builder
		var to arena
		folded := func(f *field, row, most int) string {
			s := Fold(c.columns[f.index].text(f, row, nil, nil, &to))
			return s[:min(len(s), most)]
		}
		s.lengths, s.symbols = make([]uint16, c.tokens), make([]uint8, c.tokens)
		for row := range c.tokens {
			start := text.Len()
			text.WriteString(folded(symbolField, row, maxSymbol))
			s.symbols[row] = uint8(text.Len() - start)
			text.WriteByte(endOfSymbol)
			text.WriteString(folded(nameField, row, maxName))
			text.WriteByte(endOfToken)
			s.lengths[row] = uint16(text.Len() - start)
		}
		s.text = strings.Clone(text.String())
	})
	return s
}

// matches returns how well each token matches, and how many do so well.
func (b *Board) matches(search string) (found []uint8, counts [exactMatch + 1]int) {
	found = make([]uint8, b.Len())
	needle := Fold(search)
	for n, c := range b.chunks[namesFamily] {
		c.searchable().find(needle, found[b.starts[namesFamily][n]:])
	}
	if i, ok := b.find(idOf(search)); ok {
		found[i] = exactMatch
	} else if len(search) >= minMintPrefix && len(search) < maxKeyDigits {
		for _, i := range b.beginning(search) {
			found[i] = max(found[i], prefixMatch)
		}
	}
	for _, rank := range found {
		counts[rank]++
	}
	return found, counts
}

// find marks the tokens that hold needle.
func (s *searchable) find(needle string, found []uint8) {
	if needle == "" {
		return // of what is folded away
	}
	for at, row := 0, 0; at < len(s.text); row++ {
		next := strings.Index(s.text[at:], needle)
		if next < 0 {
			return
		}
		for next >= int(s.lengths[row]) {
			length := int(s.lengths[row])
			at, next, row = at+length, next-length, row+1
		}
		end := at + int(s.lengths[row])
		found[row] = rank(s.text[at:end], int(s.symbols[row]), needle, next)
		at = end
	}
}

// rank tells how well one token's text, which begins with a symbol of some length, matches a needle that it holds at first.
func rank(text string, symbol int, needle string, first int) uint8 {
	name := symbol + 1
	switch {
	case first == 0 && len(needle) == symbol:
		return exactMatch
	case first == 0, first == name, strings.HasPrefix(text[name:], needle):
		return prefixMatch
	}
	return partMatch
}
