package meteora

import (
	"bytes"
	"strings"
)

// A needle is a text that is looked for in many pools, by the byte of it that pools hold least often: bytes.Contains goes
// by the first byte, which in an ID is a digit like those of every number.
type needle struct {
	text []byte
	rare int // index in text
}

// commonness is ASCII as Meteora's pools use it, the most frequent byte first. What is not in it is rarer still.
const commonness = `"1e:,0a2_.rt4s3om6lhi7p5d8c9fnuyvkb{}xSLgwzWCDAUGEFBTYPMNZXqOHRKJjQV- ][I/`

func newNeedle(text string) needle {
	n := needle{text: []byte(text)}
	rank := func(i int) int {
		if r := strings.IndexByte(commonness, text[i]); r >= 0 {
			return r
		}
		return len(commonness)
	}
	for i := range n.text {
		if rank(i) > rank(n.rare) {
			n.rare = i
		}
	}
	return n
}

// in reports whether p holds the text.
func (n *needle) in(p []byte) bool {
	if len(n.text) == 0 {
		return true
	}
	for at := n.rare; at < len(p); at++ {
		i := bytes.IndexByte(p[at:], n.text[n.rare])
		if i < 0 {
			return false
		}
		at += i
		if bytes.HasPrefix(p[at-n.rare:], n.text) {
			return true
		}
	}
	return false
}
