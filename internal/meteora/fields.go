package meteora

import (
	"errors"
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

// owner returns the wanted launchpad ID under which a row is known, by its own fields alone: an ID in a name, a tag or a
// nested object does not count, and of a repeated field the last. It allocates nothing for a pool that is not ours.
func (d *Decoder) owner(raw []byte) (id token.LaunchpadID, ok bool, err error) {
	var texts [maxLabels]string
	d.open(raw)
	err = d.members(func(name string) error {
		for i, l := range d.format.labels {
			if name == l.field {
				texts[i], err = d.text()
				return err
			}
		}
		return d.json.SkipValue()
	})
	for i, l := range d.format.labels {
		if id, ok = d.filter.match(l.prefix + texts[i]); ok {
			break
		}
	}
	return id, ok && err == nil, err
}

// errFound ends the look at a row.
var errFound = errors.New("found")

// find calls read at the first field of a row that has the name. A row that cannot be read does not have it: whether that
// matters is for the filter to say.
func (d *Decoder) find(raw []byte, field string, read func() error) {
	d.open(raw)
	_ = d.members(func(name string) error {
		if name != field {
			return d.json.SkipValue()
		}
		_ = read()
		return errFound
	})
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

// scalarToken reads a value that is not an object or array; those are skipped and come out as null.
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
