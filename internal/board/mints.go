package board

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/mr-tron/base58"
)

// mints finds tokens by mint.
type mints struct {
	sorted packed // tokens by the 32 bytes of their mints; behind them those whose mints are something else, by their text
}

// id is a mint as it is compared: its bytes, or a text that is not a mint, which comes behind.
type id struct {
	raw   []byte // of text that is not a mint
	isRaw bool
}

func idOf(mint string) id {
	if raw, err := base58.Decode(mint); err == nil && len(raw) == keyBytes {
		return id{raw, true}
	}
	return id{[]byte(mint), false}
}

func (x id) compare(y id) int {
	if x.isRaw != y.isRaw {
		if x.isRaw {
			return -1
		}
		return 1
	}
	return bytes.Compare(x.raw, y.raw)
}

// mintField is the column of mints.
var mintField = &all.heads[slices.IndexFunc(all.heads, func(f field) bool { return f.name == "mint" })]

// id returns the token's.
func (b *Board) id(i int) id {
	starts := b.starts[keysFamily]
	n := sort.Search(len(starts), func(n int) bool { return int(starts[n]) > i }) - 1
	return b.chunks[keysFamily][n].id(i - int(starts[n]))
}

func (c *chunk) id(row int) id {
	column := &c.columns[mintField.index]
	if k, at := column.at(row); k == cell {
		return id{column.more.keys[at*keyBytes : (at+1)*keyBytes], true}
	}
	return id{[]byte(column.text(mintField, row, nil, nil, new(arena))), false}
}

// index sorts b's mints, unless previous has the same.
func (m *mints) index(b, previous *Board) error {
	if previous != nil && slices.Equal(b.chunks[keysFamily], previous.chunks[keysFamily]) {
		m.sorted = previous.mints.sorted
		return nil
	}
	ids := make([]id, 0, b.Len())
	for _, c := range b.chunks[keysFamily] {
		for row := range c.tokens {
			ids = append(ids, c.id(row))
		}
	}
	sorted := make([]uint32, len(ids))
	for i := range ids {
		sorted[i] = uint32(i)
	}
	slices.SortFunc(sorted, func(x, y uint32) int { return ids[x].compare(ids[y]) })
	for i := 1; i < len(sorted); i++ {
		if x := sorted[i]; ids[x].compare(ids[sorted[i-1]]) == 0 {
			return fmt.Errorf("%w: a mint stands in it twice", ErrCorrupt)
		}
	}
	m.sorted = pack(sorted)
	return nil
}

// find returns the token of a mint.
func (b *Board) find(x id) (i int, ok bool) {
	at := b.behind(x)
	if at == b.Len() {
		return 0, false
	}
	i = int(b.mints.sorted.at(at))
	return i, b.id(i).compare(x) == 0
}

// behind returns the place of the first mint that is not before x.
func (b *Board) behind(x id) int {
	return sort.Search(b.Len(), func(k int) bool { return b.id(int(b.mints.sorted.at(k))).compare(x) >= 0 })
}

// beginning returns the tokens whose mints begin with prefix: base58 of 32 bytes, cut off. Texts of one length that
// share their beginning are numbers that lie side by side.
func (b *Board) beginning(prefix string) (found []int) {
	value := new(big.Int)
	for _, r := range prefix {
		digit := strings.IndexRune(base58Digits, r)
		if digit < 0 {
			return nil
		}
		value.Add(value.Mul(value, big.NewInt(int64(len(base58Digits)))), big.NewInt(int64(digit)))
	}
	for length := max(len(prefix), keyBytes); length <= maxKeyDigits; length++ {
		scale := new(big.Int).Exp(big.NewInt(int64(len(base58Digits))), big.NewInt(int64(length-len(prefix))), nil)
		first := new(big.Int).Mul(value, scale)
		end := new(big.Int).Add(first, scale)
		if first.BitLen() > 8*keyBytes {
			continue
		}
		low := id{first.FillBytes(make([]byte, keyBytes)), true}
		for at := b.behind(low); at < b.Len(); at++ {
			i := int(b.mints.sorted.at(at))
			x := b.id(i)
			if !x.isRaw || new(big.Int).SetBytes(x.raw).Cmp(end) >= 0 {
				break
			}
			if strings.HasPrefix(base58.Encode(x.raw), prefix) && !slices.Contains(found, i) {
				found = append(found, i)
			}
		}
	}
	return found
}

const (
	base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	maxKeyDigits = 44 // of base58 for 32 bytes
)
