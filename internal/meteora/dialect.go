package meteora

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/token"
)

// How long it is believed in which form the server takes a question, and how soon empty answers may raise doubts again.
const (
	dialectTTL   = 24 * time.Hour
	dialectDoubt = time.Minute
)

// dialects remembers in which form each field is asked for. It is safe for concurrent use.
type dialects struct {
	product token.Product
	cache   Cache // nil keeps nothing for other processes

	mu    sync.Mutex
	known map[string]dialect // by field
}

// A dialect is the form that was seen to work for a field.
type dialect struct {
	form    form
	until   time.Time
	checked time.Time // when pools that the server lists were last asked for in it
}

// of returns the dialect of a field, from memory or from the cache, that may be one of forms; the zero dialect is unknown.
func (d *dialects) of(ctx context.Context, field string, forms []form) dialect {
	if known := d.get(field); known.form != "" || d.cache == nil {
		return known
	}
	kept, err := d.cache.Get(ctx, []string{d.key(field)})
	if err != nil {
		return dialect{} // it is found out again
	}
	until, text, _ := strings.Cut(kept[d.key(field)], " ")
	known := dialect{form: form(text)}
	if known.until, err = time.Parse(time.RFC3339, until); err != nil || !slices.Contains(forms, known.form) {
		return dialect{}
	}
	d.set(field, known)
	return d.get(field)
}

// get returns what this process remembers, the zero dialect when that was too long ago.
func (d *dialects) get(field string) dialect {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.known[field]; time.Now().Before(known.until) {
		return known
	}
	return dialect{}
}

func (d *dialects) key(field string) string { return "DIALECT#" + string(d.product) + "#" + field }

func (d *dialects) set(field string, known dialect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[string]dialect{}
	}
	d.known[field] = known
}

// learn keeps that a form works for a field. What cannot be cached is found out again by the next process.
func (d *dialects) learn(ctx context.Context, field string, f form, checked time.Time) {
	known := d.get(field)
	isNews := known.form != f
	if isNews {
		known = dialect{form: f, until: time.Now().Add(dialectTTL)}
	}
	if !checked.IsZero() {
		known.checked = checked
	}
	d.set(field, known)
	if isNews && d.cache != nil {
		text := known.until.UTC().Format(time.RFC3339) + " " + string(f)
		_ = d.cache.Put(ctx, map[string]string{d.key(field): text}, dialectTTL)
	}
}

// errNoForm means that the server lists pools and does not find them however it is asked.
var errNoForm = fmt.Errorf("%w: pools that it lists are not found", ErrParameters)

// tryForms asks for pools that the server lists now, in one form after the other, and returns the first in which they come
// back. It returns "" when there is nothing to try on.
func (a *asker) tryForms(ctx context.Context, field string) (form, error) {
	pools, err := a.sample(ctx)
	if err != nil {
		return "", err
	}
	asked, values := a.control(pools, field)
	if len(values) < 2 {
		return "", nil
	}
	for _, f := range a.client.forms(field) {
		values := values[:min(len(values), f.most())]
		got, err := a.ask(ctx, f, asked, values)
		switch {
		case err == nil && len(got.lacks(asked, values)) == 0:
			return f, nil
		case err != nil && !isFinal(err) && !errors.Is(err, ErrParameters):
			return "", fmt.Errorf("finding out how to ask for %s: %w", field, err)
		}
	}
	return "", fmt.Errorf("%w by %s", errNoForm, field)
}

// control returns two values to try a field with, and the field to ask for them by. As token_y stand mints that half of
// all pools have; where no others do, what holds for token_x is taken to hold for it.
func (a *asker) control(pools []token.Pool, field string) (asked string, values []string) {
	for i := range pools {
		value := pools[i].Address
		switch field {
		case tokenX:
			value = pools[i].Base.Mint
		case tokenY:
			value = pools[i].QuoteMint
		}
		if !a.client.quotes[value] && !slices.Contains(values, value) {
			values = append(values, value)
		}
		if len(values) == 2 {
			return field, values
		}
	}
	if field == tokenY {
		return a.control(pools, tokenX)
	}
	return field, values
}
