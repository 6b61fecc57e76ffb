package meteora

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tokensync/internal/token"
)

// Envelope is what a page says of itself. A field that the page does not have, or has as null, is -1.
type Envelope struct {
	Total, Pages, CurrentPage, PageSize int64
	Paged                               bool // false: the body was a bare array of pools
}

// Filter chooses pools by their launchpad. It is made once a run and is safe for concurrent use.
type Filter struct {
	ids     map[string]token.LaunchpadID
	needles []needle
	plain   bool // no ID needs an escape other than \u00XX to be spelled differently
	all     bool
}

// NewFilter returns a filter for the pools of the launchpads ids, compared exactly.
func NewFilter(ids []token.LaunchpadID) *Filter {
	f := &Filter{ids: make(map[string]token.LaunchpadID, len(ids)), plain: true}
	for _, id := range ids {
		f.plain = f.plain && isPlain(string(id))
		f.ids[string(id)] = id
		f.needles = append(f.needles, newNeedle(strings.TrimPrefix(string(id), creatorPrefix))) // a row has the key alone
	}
	return f
}

// everyPool returns a filter for all pools, for answers to questions for some of them.
func everyPool() *Filter { return &Filter{all: true} }

// mayMatch reports, at little cost, whether a pool may be ours. It never errs when it reports that it is not: without
// escapes, the launchpad's ID stands in the pool's bytes as it is.
func (f *Filter) mayMatch(pool []byte, escapes bool) bool {
	if f.all || escapes && (!f.plain || bytes.Contains(pool, asciiEscape)) {
		return true
	}
	return slices.ContainsFunc(f.needles, func(n needle) bool { return n.in(pool) })
}

// asciiEscape begins every escaped spelling of an ASCII character, but for those that isPlain excludes.
var asciiEscape = []byte(`\u00`)

func isPlain(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool { return r >= 0x80 || r == '"' || r == '\\' || r == '/' })
}

// match returns the launchpad ID that text spells, if it is one of those that are wanted.
func (f *Filter) match(launchpad string) (token.LaunchpadID, bool) {
	if f.all {
		return token.LaunchpadID(launchpad), true // as it is: whoever asks compares it
	}
	id, ok := f.ids[launchpad]
	return id, ok
}

// choose reports whether p, decoded under another filter, is one of f's, and gives it the ID that it is wanted under.
func (f *Filter) choose(p *token.Pool) bool {
	id, ok := f.match(string(p.Launchpad))
	if !ok {
		id, ok = f.match(creatorPrefix + p.Curve.Creator)
	}
	if ok {
		p.Launchpad = id
	}
	return ok
}

// A Decoder streams the pools of one body. It holds at most one pool's bytes, and may be reset for the next body.
type Decoder struct {
	filter  *Filter
	orient  func(x, y token.Asset) (base, quote token.Asset)
	product token.Product
	format  rowFormat
	survey  *survey // what to look at in every row, ours or not; may be nil
	stream  *stream
	json    *jsontext.Decoder
	element bytes.Reader

	// What the body turned out to hold; complete once Decode has returned nil.
	Envelope Envelope
	Scanned  int64 // pools, ours or not
	Invalid  int64 // of them, those that were skipped: no address or mint, no object, too large
	yield    func(token.Pool) bool
}

// NewDecoder returns a decoder for bodies of one product.
func NewDecoder(product token.Product, filter *Filter, quotes token.QuoteMints) *Decoder {
	return &Decoder{
		filter: filter, orient: quotes.Orient, product: product, format: rowFormats[product],
		json: jsontext.NewDecoder(bytes.NewReader(nil)),
	}
}

// errStop ends decoding when the consumer wants no more.
var errStop = errors.New("stopped by the consumer")

// Decode reads one body to its very end and yields every pool that the filter chooses. The body is either a page or an
// array of pools. Every body that is cut off, holds anything but that, or has something after its end is an
// ErrMalformed; a failing reader's error is returned as it is. What was yielded before an error did stand in the body.
func (d *Decoder) Decode(body io.Reader, yield func(token.Pool) bool) error {
	var buf []byte
	if d.stream != nil && cap(d.stream.buf) <= 2*minBuffer {
		buf = d.stream.buf
	}
	d.stream, d.yield = newStream(body, buf), yield
	d.Envelope = Envelope{Total: -1, Pages: -1, CurrentPage: -1, PageSize: -1}
	d.Scanned, d.Invalid = 0, 0
	if d.survey != nil {
		d.survey.reset()
	}
	if err := d.document(); err != nil {
		if errors.Is(err, errStop) {
			return nil
		}
		return err
	}
	return d.atEnd()
}

func (d *Decoder) document() error {
	c, err := d.stream.next("the document")
	switch {
	case err != nil:
		return err
	case c == '{':
		d.Envelope.Paged = true
		return d.page()
	case c == '[':
		return d.pools()
	}
	return malformed("body starts with %q, not with an object or array", c)
}

func (d *Decoder) atEnd() error {
	if c, ok := d.stream.peek(); ok {
		return malformed("%q after the end of the document at byte %d", c, d.stream.offset)
	}
	if !errors.Is(d.stream.err, io.EOF) {
		return d.stream.ended("the end of the body")
	}
	return nil
}

// page reads the envelope's members in any order; the opening brace is already used.
func (d *Decoder) page() error {
	hasData := false
	for {
		isData, err := d.member()
		if err != nil {
			return err
		}
		hasData = hasData || isData
		switch c, err := d.stream.next(envelope); {
		case err != nil:
			return err
		case c == ',':
		case c != '}':
			return malformed("%q in the envelope at byte %d", c, d.stream.offset)
		case !hasData:
			return malformed(`no "data" array in the envelope`)
		default:
			return nil
		}
	}
}

const envelope = "the envelope"

// member reads one `"name": value` of the envelope and reports whether it held the pools.
func (d *Decoder) member() (isData bool, err error) {
	name, err := d.name()
	if err != nil {
		return false, err
	}
	if c, err := d.stream.next(envelope); err != nil {
		return false, err
	} else if c != ':' {
		return false, malformed("%q after the name %.40q", c, name)
	}
	c, ok := d.stream.peek()
	switch {
	case !ok:
		return false, d.stream.ended(envelope)
	case c == '[' && name == "data":
		d.stream.skip(1)
		return true, d.pools()
	}
	return false, d.field(name, c)
}

func (d *Decoder) name() (string, error) {
	if _, ok := d.stream.peek(); !ok {
		return "", d.stream.ended(envelope)
	}
	raw, err := d.stream.scalar("a name of the envelope")
	if err != nil {
		return "", err
	}
	if raw := jsontext.Value(raw); raw.Kind() != '"' || !raw.IsValid(lenient...) {
		return "", malformed("%.40q is not a name", raw)
	}
	name, _ := jsontext.AppendUnquote(nil, raw) // invalid UTF-8 is an error that has a result
	return string(name), nil
}

// field reads an envelope's field other than the pools; c is its first byte.
func (d *Decoder) field(name string, c byte) error {
	var raw jsontext.Value
	var err error
	if c == '{' || c == '[' {
		raw, _, err = d.stream.object(name)
	} else {
		raw, err = d.stream.scalar(name)
	}
	if err != nil {
		return err
	}
	at := d.Envelope.at(name)
	if at == nil {
		return nil // nobody reads it, whatever it holds
	}
	if !raw.IsValid(lenient...) {
		return malformed("field %q of the envelope is not JSON", name)
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil { // else null, or of a kind that we do not use
		*at = n
	}
	return nil
}

// at returns the field of that name; nil when there is none.
func (e *Envelope) at(name string) *int64 {
	switch name {
	case "total", "total_count":
		return &e.Total
	case "pages":
		return &e.Pages
	case "current_page", "page":
		return &e.CurrentPage
	case "page_size":
		return &e.PageSize
	}
	return nil
}

// pools reads the elements of an array up to its closing bracket; the opening one is already used.
func (d *Decoder) pools() error {
	const in = "the array of pools"
	for first := true; ; first = false {
		c, ok := d.stream.peek()
		if !ok {
			return d.stream.ended(in)
		}
		switch {
		case c == ']':
			d.stream.skip(1)
			return nil
		case first:
		case c == ',':
			d.stream.skip(1)
		default:
			return malformed("%q between two pools at byte %d", c, d.stream.offset)
		}
		if err := d.pool(); err != nil {
			return err
		}
	}
}

// pool reads one element of the array.
func (d *Decoder) pool() error {
	c, ok := d.stream.peek()
	switch {
	case !ok:
		return d.stream.ended("the array of pools")
	case c == '{' || c == '[':
		raw, escapes, err := d.stream.object("a pool")
		if err != nil {
			return err
		}
		d.Scanned++
		if raw == nil || c == '[' {
			d.Invalid++
			return nil
		}
		return d.consider(raw, escapes)
	}
	raw, err := d.stream.scalar("the array of pools")
	if err != nil {
		return err
	}
	if !jsontext.Value(raw).IsValid(lenient...) {
		return malformed("%.40q in the array of pools", raw)
	}
	d.Scanned++
	d.Invalid++ // a pool is an object
	return nil
}

// consider decodes and yields a pool if it is ours.
func (d *Decoder) consider(raw []byte, escapes bool) error {
	if d.survey != nil {
		d.survey.look(d, raw)
	}
	if !d.filter.mayMatch(raw, escapes) {
		return nil
	}
	p, ok, err := d.row(raw)
	if err != nil {
		if d.holdsAnother(raw) {
			return fmt.Errorf("%w: pool before byte %d: %w", ErrMalformed, d.stream.offset, err)
		}
		if p, ok, err = d.row(d.format.withoutUnread(raw)); err != nil {
			d.Invalid++
			return nil //nolint:nilerr // it is counted
		}
	}
	switch {
	case !ok:
	case !p.Valid():
		d.Invalid++
	case !d.yield(p):
		return errStop
	}
	return nil
}

// row decodes a pool; ok is false when it is not ours.
func (d *Decoder) row(raw []byte) (p token.Pool, ok bool, err error) {
	id, ok, err := d.owner(raw)
	if err != nil || !ok {
		return p, false, err
	}
	p = token.Pool{Product: d.product, Launchpad: id}
	return p, true, d.decodePool(raw, &p)
}
