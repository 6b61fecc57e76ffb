package meteoratest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// filter is a parsed filter_by, query and the like: all of its tests must hold.
type filter struct {
	dialect func(field string) Dialect
	w       *world
	tests   []func(*pool) bool
	// With limited, candidates are the only pools that can pass, so that no others need to be looked at.
	limited    bool
	candidates []int
}

func (f *filter) passes(p *pool) bool {
	for _, test := range f.tests {
		if !test(p) {
			return false
		}
	}
	return true
}

// parseFilter reads filter_by: expressions joined by "&&".
func parseFilter(s string, w *world, dialect func(field string) Dialect) (*filter, error) {
	f := &filter{dialect: dialect, w: w}
	if strings.TrimSpace(s) == "" {
		return f, nil
	}
	for expr := range strings.SplitSeq(s, "&&") {
		if err := f.add(expr); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *filter) add(expr string) error {
	at := strings.IndexAny(expr, "<>=")
	if at < 0 {
		return fmt.Errorf("invalid filter expression %q", strings.TrimSpace(expr))
	}
	field, op, value := strings.TrimSpace(expr[:at]), expr[at:at+1], expr[at+1:]
	if op != "=" && strings.HasPrefix(value, "=") {
		op, value = op+"=", value[1:]
	}
	value = strings.TrimSpace(value)
	if get := numericField(field); get != nil {
		return f.addNumeric(field, op, value, get)
	}
	if op != "=" {
		return fmt.Errorf("invalid operator %q for field %q", op, field)
	}
	if field == "is_blacklisted" {
		return f.addBlacklisted(value)
	}
	return f.addText(field, value)
}

func (f *filter) addNumeric(field, op, value string, get func(*pool) float64) error {
	want, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("invalid number %q for field %q", value, field)
	}
	f.tests = append(f.tests, func(p *pool) bool {
		switch v := get(p); op {
		case "=":
			return v == want
		case ">":
			return v > want
		case ">=":
			return v >= want
		case "<":
			return v < want
		default:
			return v <= want
		}
	})
	return nil
}

func (f *filter) addBlacklisted(value string) error {
	if value != "true" && value != "false" {
		return fmt.Errorf("invalid boolean %q for field %q", value, "is_blacklisted")
	}
	want := value == "true"
	f.tests = append(f.tests, func(p *pool) bool { return p.blacklisted == want })
	return nil
}

func (f *filter) addText(field, value string) error {
	values := []string{value}
	if list, ok := strings.CutPrefix(value, "["); ok {
		list, ok = strings.CutSuffix(list, "]")
		if !ok {
			return fmt.Errorf("invalid list for field %q", field)
		}
		values = f.dialect(field).split(list)
	}
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	if slices.Contains(values, "") {
		return fmt.Errorf("empty value for field %q", field)
	}
	switch field {
	case "pool_address":
		f.addAddresses(values)
	case "name":
		f.tests = append(f.tests, func(p *pool) bool { return slices.Contains(values, string(p.appendName(nil, false))) })
	case "token_x":
		f.addMints(values, func(p *pool) *token { return &p.x })
	case "token_y":
		f.addMints(values, func(p *pool) *token { return &p.y })
	default:
		return fmt.Errorf("invalid filter field %q", field)
	}
	return nil
}

func (f *filter) addAddresses(addresses []string) {
	var found []int
	for _, address := range addresses {
		if i, ok := f.w.find(address); ok {
			found = append(found, i)
		}
	}
	f.limitTo(found)
}

func (f *filter) addMints(mints []string, side func(*pool) *token) {
	set := newMintSet(mints)
	f.tests = append(f.tests, func(p *pool) bool { return set.has(side(p)) })
	if candidates, ok := f.w.ofMints(set); ok {
		f.limitTo(candidates)
	}
}

// limitTo keeps the candidates that every limit so far allows.
func (f *filter) limitTo(candidates []int) {
	if f.limited {
		candidates = slices.DeleteFunc(candidates, func(i int) bool { return !slices.Contains(f.candidates, i) })
	}
	f.limited, f.candidates = true, candidates
}

// addQuery adds the filter of the query parameter: pools whose name, mints or address have it.
func (f *filter) addQuery(query string) {
	if query == "" {
		return
	}
	query = strings.ToLower(query)
	f.tests = append(f.tests, func(p *pool) bool {
		return strings.Contains(strings.ToLower(string(p.appendName(nil, false))), query) ||
			strings.ToLower(p.x.mintText()) == query || strings.ToLower(p.y.mintText()) == query ||
			strings.ToLower(string(appendBase58(nil, f.w.address(p.index)))) == query
	})
}

// windowNames are the windows that sort_by and filter_by take. Answers have no 5m; it is taken for 30m here.
var windowNames = [...]string{"30m", "1h", "2h", "4h", "12h", "24h", "5m"}

// windowOf splits "volume_24h" into its metric and window.
func windowOf(field string) (metric string, window int, ok bool) {
	at := strings.LastIndexByte(field, '_')
	if at < 0 {
		return "", 0, false
	}
	window = slices.Index(windowNames[:], field[at+1:])
	return field[:at], window % windows, window >= 0
}

// numericField returns the reader of a field that filters compare as a number, or nil.
func numericField(field string) func(*pool) float64 {
	if field == "tvl" {
		return func(p *pool) float64 { return p.tvl.float() }
	}
	metric, window, ok := windowOf(field)
	if !ok {
		return nil
	}
	switch metric {
	case "volume":
		return func(p *pool) float64 { return p.volumeIn(window).float() }
	case "fee":
		return func(p *pool) float64 { return p.feesIn(window).float() }
	case "fee_tvl_ratio", "apr":
		return func(p *pool) float64 { return p.feeRatioIn(window).float() }
	}
	return nil
}
