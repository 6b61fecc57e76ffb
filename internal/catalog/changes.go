package catalog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/token"
)

// ErrGone is returned when what a client asks to go on from is too old, or of another chain of boards: it has to read the lists
// again.
var ErrGone = errors.New("the changes since this version are not known any more")

// Instances look for a new board every two seconds, so that another one may show an older board or a newer one. A version
// that is given out to begin with lies behind what any of them shows; one from the near future is another's.
const (
	margin = 10 * time.Second
	ahead  = 5 * time.Minute
)

// Changes are rows that changed, and mints that left the lists.
type Changes struct {
	Version string // to ask with next
	Rows    []byte // as List has them
	Gone    []string
	More    bool // there are more: ask again at once
}

// version is a place in the changes of an epoch.
type version struct {
	epoch uint64
	board.Moment
}

func (v version) String() string {
	s := strconv.FormatUint(v.epoch, 36) + "." + strconv.FormatInt(v.At, 36)
	if v.Mint != "" {
		s += "." + v.Mint
	}
	return s
}

func parseVersion(s string) (v version, err error) {
	fields := strings.Split(s, ".")
	if len(fields) < 2 || len(fields) > 3 {
		return v, badParameter("since", "is not a version that was given out")
	}
	var epochErr, atErr error
	v.epoch, epochErr = strconv.ParseUint(fields[0], 36, 64)
	v.At, atErr = strconv.ParseInt(fields[1], 36, 64)
	if len(fields) == 3 {
		v.Mint = fields[2]
	}
	if epochErr != nil || atErr != nil || v.String() != s || len(fields) == 3 && !token.IsPublicKey(v.Mint) {
		return v, badParameter("since", "is not a version that was given out")
	}
	return v, nil
}

// Changes returns what changed since a version, or without one only the version to begin with. It is a *ParameterError
// for what is not a version, and ErrGone for one that is too old.
func (c *Catalog) Changes(ctx context.Context, since string) (Changes, error) {
	b, err := c.Boards.Board(ctx)
	if err == nil && b == nil {
		err = fmt.Errorf("no board was published yet")
	}
	if err != nil {
		return Changes{}, unavailable("reading the board", err)
	}
	m := b.Manifest()
	if since == "" {
		begin := m.SyncedAt - margin.Milliseconds()
		return Changes{Version: version{m.Epoch, board.Moment{At: begin}}.String()}, nil
	}
	from, err := parseVersion(since)
	switch {
	case err != nil:
		return Changes{}, err
	case from.epoch != m.Epoch || from.At < m.Floor:
		return Changes{}, ErrGone
	case from.At > m.SyncedAt+ahead.Milliseconds():
		return Changes{}, badParameter("since", "is a version of the future")
	}
	return changesOf(b, &m, from), nil
}

func changesOf(b *board.Board, m *board.Manifest, from version) Changes {
	page, last := b.Changed(from.Moment, MaxLimit)
	changes := Changes{More: page.Len() == MaxLimit}
	var list List
	list.grow(page.Len())
	for t := range page.All() {
		list.add(t.AppendRow)
	}
	changes.Rows = list.Rows
	if !changes.More { // all that this board has; a reader from a newer one stays where it is
		last = board.Moment{At: max(from.At, m.SyncedAt)}
		if from.At > m.SyncedAt {
			last = from.Moment
		}
	}
	for _, g := range m.Gone {
		if g.At > from.At && !b.Lists(g.Mint) {
			changes.Gone = append(changes.Gone, g.Mint)
		}
	}
	changes.Version = version{m.Epoch, last}.String()
	return changes
}
