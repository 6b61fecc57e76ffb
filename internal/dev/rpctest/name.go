package rpctest

import (
	"fmt"
	"strings"
)

// A name is what a stranger called a token.
type name struct {
	name, symbol, uri string
	missing           bool // there is no metadata at all
}

var (
	heads = [...]string{"Curve", "Lunar", "Tiny", "Grand", "Feral", "Holy", "Neon", "Sleepy"}
	tails = [...]string{"Otter", "Moth", "Lynx", "Ferret", "Heron", "Toad", "Gecko", "Yak"}
	odd   = [...]name{
		{name: "\x00\x01\x02\x1b[31mred\x07", symbol: "\x00\x00"},
		{name: "<script>alert(1)</script>", symbol: "<b>"},
		{name: "\u202egnihton\u202c", symbol: "\u2066X"},
		{name: "👩‍🚀 to the 🌙", symbol: "🌙"},
		{name: "\xff\xfe broken", symbol: "\xc3"},
		{name: strings.Repeat("long ", 2048), symbol: strings.Repeat("L", 300)},
		{name: "'; DROP TABLE tokens; --", symbol: `"},{"`},
		{missing: true},
	}
)

// nameOf names the i-th token; one in 32 has a name out of the ordinary. c.mu must be held.
func (c *Chain) nameOf(i int) name {
	if n, ok := c.named[i]; ok {
		return n
	}
	n := odd[i/32%len(odd)]
	if i%32 != 5 {
		h := word("name", i)
		head, tail := heads[h%8], tails[h>>8%8]
		n = name{name: fmt.Sprintf("%s %s %d", head, tail, i), symbol: strings.ToUpper(head[:2]+tail[:2]) + fmt.Sprint(i%100)}
	}
	n.uri = c.uriOf(i)
	return n
}
