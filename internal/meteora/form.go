package meteora

import (
	"strings"

	"tokensync/internal/products"
)

// Fields that pools are asked for by.
const (
	poolAddress = "pool_address"
	tokenX      = "token_x"
	tokenY      = "token_y"
)

// maxValues is how many pools or mints one question names: a URL of about 4.6 KB. The longest that Meteora accepts is not
// documented, so a refusal is met with halves.
const maxValues = 100

// A form is how a question names what it asks for.
type form string

// The forms of questions. Meteora documents lists with pipes, and was seen to match nothing but commas.
const (
	commas   form = "[a,b]"  // filter_by=field=[a,b]
	pipes    form = "[a|b]"  // filter_by=field=[a|b]
	single   form = "a"      // filter_by=field=a
	repeated form = "a&b"    // address=a&address=b
	alone    form = "a only" // address=a
	path     form = "/a"     // GET /pools/a
)

// forms returns those that may work for a field, the best first.
func (c *Client) forms(field string) []form {
	switch {
	case c.api.ByKey == products.Array:
		return []form{repeated, alone}
	case !c.api.Filters:
		return []form{path}
	case field == poolAddress:
		return []form{commas, pipes, single, path}
	}
	return []form{commas, pipes, single}
}

// witnesses returns the forms that ask for a single pool, by whose silence it may be gone.
func (c *Client) witnesses() []form {
	if c.api.ByKey == products.Array {
		return []form{alone}
	}
	return []form{path, single}
}

// most returns how many values a question in this form names.
func (f form) most() int {
	switch f {
	case commas, pipes, repeated:
		return maxValues
	default:
		return 1
	}
}

// filter spells filter_by.
func (f form) filter(field string, values []string) string {
	switch f {
	case commas:
		return field + "=[" + strings.Join(values, ",") + "]"
	case pipes:
		return field + "=[" + strings.Join(values, "|") + "]"
	default:
		return field + "=" + values[0]
	}
}

// questionURL asks for one page of the pools that have one of the values in a field.
func (c *Client) questionURL(f form, field string, values []string, page int64) string {
	switch f {
	case path:
		return c.url("/pools/"+values[0], nil)
	case repeated, alone:
		query := sized(page - 1)
		query["address"] = values
		return c.url("/pools", query)
	default:
		query := paged(page, PageSize)
		query.Set("filter_by", f.filter(field, values))
		if field != poolAddress {
			query.Set("sort_by", ascending) // there may be pages
		}
		return c.url("/pools", query)
	}
}
