package board

import (
	"errors"
	"fmt"
	"slices"
)

// A chart of one token would have to read a part of each of its points. What charts show of points is therefore put together, a
// token's beside each other, into rolls, which are named as points are: At is that of the last point in it. There are two: a long one with all
// that charts ask for, and a short one with what has come since, without the tokens that have slept. A chart reads a part of
// both, and of the point that is in neither. The short one is made anew with every second point, and becomes part of the long one
// once it has many, so that a sample is written some ten times.
const (
	rawPoints = 2  // that make another roll
	maxYoung  = 20 // points in the short roll
)

// lastHour is how far back, in seconds, charts ask for points of the finest grid.
const lastHour = 65 * 60

// charted returns those of ps that charts ask for after the last one.
func (ps Points) charted() (list Points) {
	for i, p := range ps {
		if p.Grid > FiveMinutes || i+1 == len(ps) || ps[i+1].At >= ps[len(ps)-1].At-lastHour { // and one to count from
			list = append(list, p)
		}
	}
	return list
}

// since returns the points behind the last of rolls.
func (ps Points) since(rolls Points) Points {
	if len(rolls) == 0 {
		return ps
	}
	i := slices.IndexFunc(ps, func(p Point) bool { return p.At > rolls[len(rolls)-1].At })
	if i < 0 {
		return nil
	}
	return ps[i:]
}

// Until returns the rolls that end at p, or before it: others, like points from the future, are a clock's fault.
func (rolls Points) Until(p Point) Points {
	return slices.DeleteFunc(slices.Clone(rolls), func(r Point) bool { return r.At > p.At })
}

// A source is a roll, or a point, that goes into a roll.
type source struct {
	Point
	isRoll bool
}

// A PartKey names a part of a point, or of a roll.
type PartKey struct {
	At     int64 // of the point
	Part   int
	IsRoll bool
}

func (s source) key(part int) PartKey { return PartKey{s.At, part, s.isRoll} }

// keys returns those of s's parts that have tokens of a shelf.
func (s source) keys(shelves Point, i int) (list []PartKey) {
	if s.Split < shelves.Split {
		return []PartKey{s.key(i >> (shelves.Split - s.Split))}
	}
	n := s.Split - shelves.Split
	for part := i << n; part < (i+1)<<n; part++ {
		list = append(list, s.key(part))
	}
	return list
}

// sourcesOf returns what the samples of points are read from: all rolls, and the points behind them.
func (rolls Points) sourcesOf(points Points) (list []source) {
	for _, r := range rolls {
		list = append(list, source{r, true})
	}
	for _, p := range points.since(rolls) {
		list = append(list, source{p, false})
	}
	return list
}

// A Merge is what a roll is made of.
type Merge struct {
	roll    Point
	base    Points   // the rolls that stay
	sources []source // in the order of time; of a short roll, the first is the point that the long one ends with
	kept    Points   // what it may have
}

// Merge returns the roll that is due when the last of points has been stored; false when none is.
func (rolls Points) Merge(points Points) (Merge, bool) {
	if len(points.since(rolls)) < rawPoints {
		return Merge{}, false
	}
	m := Merge{roll: points[len(points)-1], kept: points.charted()}
	m.sources = rolls.sourcesOf(m.kept)
	if len(rolls) > 0 && len(points.since(rolls[:1])) <= maxYoung {
		if i := slices.IndexFunc(points, func(p Point) bool { return p.At == rolls[0].At }); i >= 0 {
			m.base, m.sources[0] = rolls[:1], source{points[i], false}
			m.kept = points[i:]
		}
	}
	return m, true
}

// Rolls returns those that there are once m has made one.
func (m *Merge) Rolls(made Point) Points { return append(slices.Clone(m.base), made) }

// maxRollRaw bounds what is decoded for the sake of one token.
const maxRollRaw = 128 << 10

// How many parts of a point, of 256 tokens at most, are merged at once, as a power of two: of the long roll some megabytes.
const (
	longShelf  = 2
	shortShelf = 3
)

// shelves returns how a merge is divided, so that it needs little memory at once.
func (m *Merge) shelves() (p Point) {
	for _, s := range m.sources {
		if !s.isRoll {
			p.Split = max(p.Split, s.Split)
		}
	}
	if len(m.base) > 0 {
		p.Split -= min(p.Split, shortShelf)
	} else {
		p.Split -= min(p.Split, longShelf)
	}
	return p
}

// A Fetch reads parts. It leaves out those that it does not find.
type Fetch func([]PartKey) (map[PartKey][]byte, error)

// Write makes the roll and returns it, once put has stored its parts. What is damaged or lost is not in the roll, and told by damage. With
// an error there is no roll.
func (m *Merge) Write(fetch Fetch, put func(PartKey, []byte) error) (roll Point, damage, err error) {
	shelves, roll, most := m.shelves(), m.roll, maxPartBytes
	if roll.Split = shelves.Split; roll.Split > 0 {
		most = most * 3 / 4 // of the first shelf, after which the others are judged
	}
	fetch = remembering(fetch)
	for i := 0; i < shelves.Parts(); {
		s, bad, err := m.shelf(shelves, i, fetch)
		if err != nil {
			return roll, nil, err
		}
		damage = errors.Join(damage, bad)
		parts, fits, err := s.encode(roll, shelves, i, most)
		for ; i == 0 && !fits && err == nil; parts, fits, err = s.encode(roll, shelves, i, most) {
			roll.Split++
		}
		switch most = maxPartBytes; {
		case err != nil:
			return roll, nil, err
		case !fits:
			roll.Split, i, damage = roll.Split+1, 0, nil
			continue
		}
		for k, data := range parts {
			if err := put(source{roll, true}.key(i<<(roll.Split-shelves.Split)+k), data); err != nil {
				return roll, nil, err
			}
		}
		i++
	}
	return roll, damage, nil
}

// remembering returns a fetch that has what it returned last: a part may be on several shelves, one behind the other.
func remembering(fetch Fetch) Fetch {
	var last map[PartKey][]byte
	return func(keys []PartKey) (map[PartKey][]byte, error) {
		found, err := fetch(slices.DeleteFunc(slices.Clone(keys), func(k PartKey) bool { return last[k] != nil }))
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if data := last[k]; data != nil {
				found[k] = data
			}
		}
		last = found
		return found, nil
	}
}

// shelf reads what goes into a merge of one shelf.
func (m *Merge) shelf(shelves Point, i int, fetch Fetch) (all stretch, damage, err error) {
	var keys []PartKey
	for _, s := range m.sources {
		keys = append(keys, s.keys(shelves, i)...)
	}
	data, err := fetch(keys)
	if err != nil {
		return all, nil, err
	}
	for _, s := range m.sources {
		next, bad := s.read(s.keys(shelves, i), data, &all)
		next.tracks = within(shelves, i, next.tracks, track.hashed)
		all.join(&next)
		damage = errors.Join(damage, bad)
	}
	all.keep(m.kept)
	all.isShort = len(m.base) > 0 && len(all.times) > 0 && all.times[0] == m.base[0].At
	return all, damage, nil
}

// read returns what parts, which follow one another, say of what comes behind before. What is damaged or missing is left out.
func (s source) read(keys []PartKey, data map[PartKey][]byte, before *stretch) (all stretch, damage error) {
	for _, k := range keys {
		next, err := s.readPart(k, data)
		if err == nil {
			err = next.wake(before.times, within(s.Point, k.Part, before.tracks, track.hashed))
		}
		switch {
		case err != nil:
			damage = errors.Join(damage, err)
		case all.times == nil:
			all = next
		case slices.Equal(all.times, next.times):
			all.tracks = append(all.tracks, next.tracks...)
		default:
			damage = errors.Join(damage, fmt.Errorf("roll of %s: %w: part %d has other times", s.Time(), ErrCorrupt, k.Part))
		}
	}
	return all, damage
}

func (s source) readPart(k PartKey, data map[PartKey][]byte) (stretch, error) {
	if s.isRoll && data[k] != nil {
		return readRoll(s.Point, k.Part, data[k])
	}
	x, err := s.point(k.Part, data)
	if err != nil {
		return stretch{}, err
	}
	return x.stretch(k.Part, 0, x.Len()), nil
}

// point decodes a part of a point.
func (s source) point(part int, data map[PartKey][]byte) (*Part, error) {
	b, ok := data[s.key(part)]
	if !ok {
		return nil, fmt.Errorf("point of %s: part %d is missing", s.Time(), part)
	}
	return ReadPart(s.Point, b)
}

// readOne returns what a part says of one token.
func (s source) readOne(k PartKey, data map[PartKey][]byte, hash uint64) (of stretch, err error) {
	if s.isRoll {
		of, err = s.readPart(k, data)
		of.only(hash)
		return of, err
	}
	x, err := s.point(k.Part, data)
	if err != nil {
		return of, err
	}
	row, ok := x.find(hash)
	return x.stretch(k.Part, row, int(toInt(ok))), nil
}

// PartsOf returns the names of what holds a mint's samples at points that charts ask for.
func (rolls Points) PartsOf(points Points, mint string) (keys []PartKey) {
	for _, s := range rolls.sourcesOf(points) {
		keys = append(keys, s.key(s.PartOf(mint)))
	}
	return keys
}

// SamplesOf returns what each of points, which charts ask for, has of a mint, without its fees: of those of PartsOf that there are; the zero
// value where that is nothing. warn is told of parts that are damaged.
func (rolls Points) SamplesOf(points Points, mint string, parts map[PartKey][]byte, warn func(error)) []Sample {
	var all stretch
	for _, s := range rolls.sourcesOf(points) {
		k := s.key(s.PartOf(mint))
		if parts[k] == nil {
			continue
		}
		next, err := s.readOne(k, parts, s.hash(idOf(mint)))
		if err == nil {
			err = next.wake(all.times, all.tracks)
		}
		if err != nil {
			warn(err)
			continue
		}
		all.join(&next)
	}
	return all.samples(points)
}
