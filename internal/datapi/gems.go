package datapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"tokensync/internal/board"
	"tokensync/internal/catalog"
	"tokensync/internal/token"
)

const (
	// MaxBody bounds a request for lists, in bytes: three times maxConfigs keys take 15 KB.
	MaxBody = 16 << 10
	// maxConfigs is how many config keys one list may be narrowed to.
	maxConfigs = 100
	// kept is how many tokens of a list the scaffold shows.
	kept = 30
)

// A list is one of the scaffold's. It sorts again what it gets, by what a card shows.
type list struct {
	query  catalog.Query
	byTime bool // by createdAt, which for some tokens is not what the board is sorted by; else by bondingCurve, which is
}

var lists = map[string]list{
	"recent":          {catalog.Query{Stage: token.Bonding, Sort: board.Created, Limit: kept}, true},
	"aboutToGraduate": {catalog.Query{Stage: token.Bonding, Sort: board.Progress, Limit: kept}, false},
	"graduated":       {catalog.Query{Stage: token.Graduated, Sort: board.Graduation, Limit: kept}, true},
}

// wish is what a request says of one list.
type wish struct {
	Timeframe *string  `json:"timeframe"`      // of the statistics shown; a card has those of every one
	Configs   []string `json:"partnerConfigs"` // any of these config keys; none is every token of the launchpads
}

// pools is how the scaffold takes a list.
type pools struct {
	Pools []pool `json:"pools"`
}

// Gems returns the lists that a request's body asks for. A *catalog.ParameterError says what is wrong with it.
func Gems(ctx context.Context, c *catalog.Catalog, body []byte) ([]byte, error) {
	wishes, err := parseWishes(body)
	if err != nil {
		return nil, err
	}
	out := make(map[string]pools, len(wishes))
	for name, w := range wishes {
		query := lists[name].query
		query.Configs = w.Configs
		tokens, err := c.Head(ctx, query)
		if err != nil {
			return nil, err
		}
		cards := cardsOf(tokens)
		if lists[name].byTime {
			slices.SortStableFunc(cards, func(x, y pool) int { return strings.Compare(y.CreatedAt, x.CreatedAt) })
		}
		out[name] = pools{cards}
	}
	return json.Marshal(out)
}

func cardsOf(tokens []token.Token) []pool {
	cards := make([]pool, len(tokens))
	for i := range tokens {
		cards[i] = poolOf(&tokens[i])
	}
	return cards
}

// parseWishes reads a request for lists. What it does not know it refuses: a list that is missing would look empty.
func parseWishes(body []byte) (map[string]*wish, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var wishes map[string]*wish
	if err := decoder.Decode(&wishes); err != nil || hasNull(body) {
		return nil, bad("body", "is not a JSON object of lists, each with timeframe and partnerConfigs")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("body", "goes on after its JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(wishes)) {
		if _, ok := lists[name]; !ok {
			return nil, bad(name, "is not one of the lists recent, aboutToGraduate and graduated")
		}
		if err := wishes[name].check(name); err != nil {
			return nil, err
		}
	}
	return wishes, nil
}

// hasNull reports whether there is a null anywhere in a JSON text. encoding/json would take it for nothing.
func hasNull(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		switch t, err := decoder.Token(); {
		case err != nil:
			return false
		case t == nil:
			return true
		}
	}
}

// check also drops the key that a scaffold without one sends: an empty text.
func (w *wish) check(list string) error {
	w.Configs = slices.DeleteFunc(w.Configs, func(key string) bool { return key == "" })
	switch {
	case w.Timeframe != nil && !slices.Contains(token.ChangeNames[:], *w.Timeframe):
		return bad(list+".timeframe", "is not one of "+strings.Join(token.ChangeNames[:], ", "))
	case len(w.Configs) > maxConfigs:
		return bad(list+".partnerConfigs", "has more than 100 keys")
	case slices.ContainsFunc(w.Configs, func(key string) bool { return !token.IsPublicKey(key) }):
		return bad(list+".partnerConfigs", "has an item that is not a config key: 32 to 44 base58 characters that decode to 32 bytes")
	}
	return nil
}

func bad(name, reason string) error { return &catalog.ParameterError{Name: name, Reason: reason} }
