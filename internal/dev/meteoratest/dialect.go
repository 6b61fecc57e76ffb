package meteoratest

import (
	"strings"
	"sync"
)

// Dialect is how a list of values is written in filter_by. Single values mean the same in all of them.
type Dialect string

// The dialects. A list in another dialect is not an error but matches nothing: the live servers return 200 and no rows.
const (
	Commas Dialect = "commas" // [a,b], as was seen on the live servers
	Pipes  Dialect = "pipes"  // [a|b], as documented
	Single Dialect = "single" // no list matches anything
)

// listFields are the fields of filter_by that take a list.
var listFields = []string{"pool_address", "name", "token_x", "token_y"}

// dialects holds the dialect of each product and field. It is safe for concurrent use.
type dialects struct {
	mu      sync.Mutex
	of      map[[2]string]Dialect // by product and field
	general Dialect
}

// SetDialect changes how lists in filter_by are understood from the next request on. An empty product or field means all.
func (s *Server) SetDialect(product, field string, d Dialect) {
	s.dialects.mu.Lock()
	defer s.dialects.mu.Unlock()
	if product == "" && field == "" {
		s.dialects.general = d
		clear(s.dialects.of)
		return
	}
	for _, p := range orAll(product, Products()) {
		for _, f := range orAll(field, listFields) {
			s.dialects.of[[2]string{p, f}] = d
		}
	}
}

func orAll(one string, all []string) []string {
	if one == "" {
		return all
	}
	return []string{one}
}

// product returns the dialect of each field of a product.
func (d *dialects) product(product string) func(field string) Dialect {
	return func(field string) Dialect {
		d.mu.Lock()
		defer d.mu.Unlock()
		if one, ok := d.of[[2]string{product, field}]; ok {
			return one
		}
		return d.general
	}
}

// split returns the values of a list, written without its brackets. What the dialect does not take apart matches nothing.
func (d Dialect) split(list string) []string {
	switch d {
	case Pipes:
		return strings.Split(list, "|")
	case Single:
		return []string{"[" + list + "]"}
	default:
		return strings.Split(list, ",")
	}
}
