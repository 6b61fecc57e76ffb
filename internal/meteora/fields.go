package meteora

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tokensync/internal/jsonwalk"
	"tokensync/internal/token"
)

// members calls visit for each name of the object that comes next, positioned at its value, which visit must read.
func (d *Decoder) members(visit func(name string) error) error { return jsonwalk.Object(d.json, visit) }

// elements calls visit for each element of the array that comes next.
func (d *Decoder) elements(visit func(i int) error) error { return jsonwalk.Array(d.json, visit) }

// lenient accepts what Meteora sends and encoding/json would accept too: a repeated name, invalid UTF-8.
var lenient = jsonwalk.Lenient

func (d *Decoder) open(raw []byte) {
	d.element.Reset(raw)
	d.json.Reset(&d.element, lenient...)
}

// launchpadOf is what a pool's own `launchpad` field says, "" for null or nothing: an ID in a name, a tag or a nested
// object is none. It allocates nothing for a pool that is not ours.
func (d *Decoder) launchpadOf(raw []byte) (launchpad string, err error) {
	d.open(raw)
	err = d.members(func(name string) error {
		if name != "launchpad" {
			return d.json.SkipValue()
		}
		launchpad, err = d.text()
		return err
	})
	return launchpad, err
}

// createdAt is when a pool was created, in Unix milliseconds; 0 is unknown. A pool that cannot be read has no age:
// whether that matters is for the filter to say.
func (d *Decoder) createdAt(raw []byte) (at int64) {
	d.open(raw)
	_ = d.members(func(name string) error {
		if name != "created_at" {
			return d.json.SkipValue()
		}
		return d.time(&at)
	})
	return at
}

// text reads a string; anything else is unknown.
func (d *Decoder) text() (string, error) { return jsonwalk.Text(d.json) }

// number reads a number or a number in a string; anything else is unknown.
func (d *Decoder) number(to *token.Number) error {
	if k := d.json.PeekKind(); k != '0' && k != '"' {
		return d.json.SkipValue()
	}
	t, err := d.json.ReadToken()
	if err != nil {
		return err
	}
	*to, _ = token.ParseNumber(strings.TrimSpace(t.String()))
	return nil
}

// amount reads a number that cannot be below zero: such a one is unknown.
func (d *Decoder) amount(to *token.Number) error {
	err := d.number(to)
	if to.Negative() {
		*to = ""
	}
	return err
}

func (d *Decoder) flag(to *token.Flag) error {
	t, err := d.scalarToken()
	if err == nil && (t.Kind() == 't' || t.Kind() == 'f') {
		*to = token.FlagOf(t.Bool())
	}
	return err
}

// scalarToken reads a value that is no object or array; those are skipped and come out as null.
func (d *Decoder) scalarToken() (jsontext.Token, error) {
	if k := d.json.PeekKind(); k == '{' || k == '[' {
		return jsontext.Null, d.json.SkipValue()
	}
	return d.json.ReadToken()
}

// millisecondsFrom is the least number that is taken for milliseconds: as seconds it would lie in the year 5138, as
// milliseconds in 1973. Meteora documents seconds and sends milliseconds.
const millisecondsFrom = 100_000_000_000

// maxMilliseconds is the year 9999, the last that RFC 3339 can write.
const maxMilliseconds = 253_402_300_799_999

// time reads a moment in seconds or milliseconds as Unix milliseconds; 0 is unknown.
func (d *Decoder) time(to *int64) error {
	var n token.Number
	if err := d.amount(&n); err != nil {
		return err
	}
	v := n.Float64()
	if v < millisecondsFrom {
		v *= 1000
	}
	if v <= maxMilliseconds {
		*to = int64(v)
	}
	return nil
}

// Bounds on a pool's tags.
const maxTags = 16

func (d *Decoder) tags(to *[]string) error {
	return d.elements(func(int) error {
		tag, err := d.text()
		if tag = token.CleanSymbol(tag); err == nil && tag != "" && len(*to) < maxTags {
			*to = append(*to, tag)
		}
		return err
	})
}
