package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"tokensync/internal/board"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Bounds of the faces that one run fetches. They come after its board, so that no dead host holds a price up.
const (
	faceTime   = 20 * time.Second
	faceShare  = 0.5 // of the time that is left; the rest is for publishing them
	faceTokens = 1000
	faceBytes  = 1 << 20
	faceHosts  = 8 // asked side by side
)

// Pauses after a failure: each is longer than the one before.
const (
	firstPause  = time.Minute
	longestWait = 24 * time.Hour
	pauseGrowth = 4
)

// maxWaits bounds the pauses that are kept in memory; the cache has them all.
const maxWaits = 10_000

// Faces fetches what the JSON behind mints' metadata URIs says. It is for one run at a time.
type Faces struct {
	// Fetch reads one. syncrun.ErrFinal means that asking again does not help.
	Fetch func(ctx context.Context, uri string) (token.Face, error)
	// Assets returns what an index has of mints, by mint: of those whose own host failed. It is nil where there is no index.
	Assets func(ctx context.Context, mints []string, stats *syncrun.Counts) (map[string]token.Face, error)
	// Cache keeps the pauses after failures from one process to the next.
	Cache Cache

	waits map[string]wait // by mint; the cache's, as far as this process has asked for them
}

// Cache keeps short texts for a while.
type Cache interface {
	// Get returns what is kept under keys; others are left out.
	Get(ctx context.Context, keys []string) (map[string]string, error)
	Put(ctx context.Context, entries map[string]string, ttl time.Duration) error
}

// A wait is why a token's face is left alone for now. Its zero value means that nothing has failed.
type wait struct {
	URI      string `json:"uri"` // another one is not waited for
	Failures int    `json:"failures"`
	Until    int64  `json:"until"` // Unix seconds
}

// next returns the wait after another failure.
func (w wait) next(uri string, now time.Time, err error) wait {
	if w.URI != uri {
		w = wait{URI: uri}
	}
	w.Failures++
	pause := firstPause
	for range w.Failures - 1 {
		pause = min(pause*pauseGrowth, longestWait)
	}
	if errors.Is(err, syncrun.ErrFinal) {
		pause = longestWait
	}
	w.Until = now.Add(pause).Unix()
	return w
}

func (w wait) over(uri string, now time.Time) bool { return w.URI != uri || now.Unix() >= w.Until }

// A faceless is a token whose face is not the one that its mint names now.
type faceless struct {
	mint, uri string
	created   int64
}

// askForFaces fetches faces that the board lacks, until ctx ends. The channel is nil when nobody fetches them; otherwise it
// brings one value, for which somebody must wait. What is not fetched is for the next run.
func (r *run) askForFaces(ctx context.Context) <-chan *answers {
	if r.Faces == nil {
		return nil
	}
	asked := make(chan *answers, 1)
	edition, err := r.Edit(ctx)
	if err != nil || edition.Board() == nil {
		asked <- &answers{err: err}
		return asked
	}
	go func() { asked <- r.fetchFaces(ctx, edition.Board()) }()
	return asked
}

// addFaces publishes the board again with the faces that were fetched.
func (r *run) addFaces(ctx context.Context, lease Lease, p *plan, a *answers) {
	r.record.FacesFetched, r.record.FacesFailed, r.record.FacesRefused = len(a.found), len(a.failed), a.refused
	r.bookRequests(&a.stats)
	r.bookRPC(&a.stats)
	err := a.err
	if len(a.found) > 0 {
		_, err = r.publishMore(ctx, lease, p, func(e Edition) iter.Seq2[change, error] { return r.faced(e.Board(), a.found) })
	}
	if err != nil {
		r.trouble = append(r.trouble, fmt.Errorf("adding faces: %w", err))
	}
}

// faced streams the board's tokens with the faces that were found.
func (r *run) faced(b *board.Board, found map[string]token.Face) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for t := range b.All() {
			face, ok := found[t.Mint]
			if ok {
				t.Face, t.UpdatedAt = face, r.at
			}
			if !yield(change{Token: t, write: ok}, nil) {
				return
			}
		}
	}
}

// fetchFaces asks for the faces that b lacks, the newest tokens' first.
func (r *run) fetchFaces(ctx context.Context, b *board.Board) *answers {
	ctx, cancel := within(ctx, faceShare)
	defer cancel()
	asking, stop := context.WithTimeout(ctx, faceTime)
	defer stop()
	a := r.Faces.ask(asking, r.Faces.due(asking, b, time.Now()))
	if err := r.Faces.lookUp(ctx, a); err != nil {
		r.Log.InfoContext(ctx, "no index has the faces that failed", "error", err.Error())
	}
	if err := r.Faces.keep(context.WithoutCancel(ctx), a.failed); err != nil {
		r.Log.WarnContext(ctx, "faces that failed may be asked for again too early", "error", err.Error())
	}
	return a
}

// lookUp asks the index for those that failed. What it has of another address is not theirs.
func (f *Faces) lookUp(ctx context.Context, a *answers) error {
	if f.Assets == nil || len(a.failed) == 0 {
		return nil
	}
	faces, err := f.Assets(ctx, a.failed, &a.stats)
	a.failed = slices.DeleteFunc(a.failed, func(mint string) bool {
		face, ok := faces[mint]
		if !ok || face.ImageURL == "" || face.URI != f.waits[mint].URI {
			return false
		}
		a.found[mint] = face
		delete(f.waits, mint)
		return true
	})
	return err
}

// due lists the tokens whose face is to be fetched now, the newest first.
func (f *Faces) due(ctx context.Context, b *board.Board, now time.Time) []faceless {
	if f.waits == nil || len(f.waits) > maxWaits {
		f.waits = map[string]wait{}
	}
	var list []faceless
	for t := range b.All() {
		uri := t.MetadataURI()
		if t.Status != token.Listed || uri == "" || uri == t.Face.URI || !f.waits[t.Mint].over(uri, now) {
			continue
		}
		if list = append(list, faceless{t.Mint, uri, t.CreatedAt}); len(list) == 2*faceTokens {
			list = newest(list)
		}
	}
	list = newest(list)
	f.recall(ctx, list)
	return slices.DeleteFunc(list, func(t faceless) bool { return !f.waits[t.mint].over(t.uri, now) })
}

func newest(list []faceless) []faceless {
	slices.SortStableFunc(list, func(a, b faceless) int { return int(min(max(b.created-a.created, -1), 1)) })
	return list[:min(len(list), faceTokens)]
}

const faceKey = "face#"

// recall reads the waits of tokens that this process does not know of. A cache that does not answer means none: asking a
// host too early does little harm.
func (f *Faces) recall(ctx context.Context, list []faceless) {
	var keys []string
	for _, t := range list {
		if _, ok := f.waits[t.mint]; !ok {
			keys = append(keys, faceKey+t.mint)
		}
	}
	if len(keys) == 0 {
		return
	}
	kept, _ := f.Cache.Get(ctx, keys)
	for key, text := range kept {
		var w wait
		if json.Unmarshal([]byte(text), &w) == nil {
			f.waits[key[len(faceKey):]] = w
		}
	}
}

// keep puts the waits of tokens into the cache, for longer than any lasts.
func (f *Faces) keep(ctx context.Context, mints []string) error {
	if len(mints) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	entries := make(map[string]string, len(mints))
	for _, mint := range mints {
		text, err := json.Marshal(f.waits[mint])
		if err != nil {
			return err
		}
		entries[faceKey+mint] = string(text)
	}
	return f.Cache.Put(ctx, entries, 2*longestWait)
}

// answers are what came of asking for faces.
type answers struct {
	mu      sync.Mutex
	found   map[string]token.Face
	failed  []string // mints
	refused int      // addresses that are never asked
	bytes   int      // of found
	err     error    // why nobody was asked
	stats   syncrun.Counts
}

// ask fetches faces, a few side by side, until there are enough of them or ctx ends.
func (f *Faces) ask(ctx context.Context, list []faceless) *answers {
	a := &answers{found: map[string]token.Face{}}
	next := make(chan faceless)
	var group sync.WaitGroup
	for range min(faceHosts, len(list)) {
		group.Go(func() {
			for t := range next {
				f.askFor(ctx, t, a)
			}
		})
	}
	for _, t := range list {
		if ctx.Err() != nil || a.full() {
			break
		}
		next <- t
	}
	close(next)
	group.Wait()
	return a
}

func (a *answers) full() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bytes >= faceBytes
}

func (f *Faces) askFor(ctx context.Context, t faceless, a *answers) {
	if ctx.Err() != nil {
		return
	}
	face, err := f.Fetch(ctx, t.uri)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.found[t.mint] = face
		a.bytes += face.Size()
		delete(f.waits, t.mint)
	case ctx.Err() == nil: // else it is not the host that took too long
		f.waits[t.mint] = f.waits[t.mint].next(t.uri, time.Now(), err)
		a.failed = append(a.failed, t.mint)
		if errors.Is(err, syncrun.ErrFinal) {
			a.refused++
		}
	}
}
