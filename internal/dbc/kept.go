package dbc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// kept is what a run has read, for the next one in the same process. It is good for one node only: another may lag
// behind.
type kept struct {
	node     *solana.Client
	ids      []token.LaunchpadID
	limit    int // of pools
	slot     int64
	since    int64 // from where changes are asked for; before slot while the node owes some
	owed     map[solana.Key]bool
	refs     []ref  // all that are known, by address
	pools    []pool // likewise; nil when there are too many of them
	names    map[solana.Key]metadata
	claimed  map[solana.Key]map[solana.Key]*config // every config of a fee claimer
	next     int                                   // in refs, of a launchpad that is refreshed in turns
	isLost   bool
	view     *view  // nil when a run has not come to its end since
	looked   int64  // slot of the last look; 0 before the first
	lookTurn int    // in refs, of looks that read curves in turns
	unsent   []pool // that a look found to have moved, and did not hand out
	isDirty  bool   // the cache lacks addresses that looks have found
	trails   map[solana.Key]*trail
	roll     *solana.Position
	book     notebook

	compactAt int
}

func newKept(node *solana.Client, limits Limits) *kept {
	return &kept{
		node: node, limit: limits.Kept, names: map[solana.Key]metadata{}, claimed: map[solana.Key]map[solana.Key]*config{},
		trails: map[solana.Key]*trail{}, owed: map[solana.Key]bool{},
	}
}

func (k *kept) isOf(node *solana.Client, ids []token.LaunchpadID) bool {
	return k.node == node && slices.Equal(k.ids, ids)
}

// add takes over what a page holds, each pool once. Pools are dropped when there are too many of them.
func (k *kept) add(page *poolPage) {
	if len(k.refs) == 0 {
		k.refs, page.refs = page.refs, nil // there may be many
	} else {
		k.refs = append(k.refs, page.refs...)
	}
	if len(k.refs) > max(2*k.compactAt, k.limit) {
		k.sort()
		k.compactAt = len(k.refs)
	}
	if k.isTooLarge() {
		k.pools, k.names = nil, map[solana.Key]metadata{}
		return
	}
	for _, chunk := range page.chunks {
		k.pools = append(k.pools, chunk...)
	}
}

// sort brings refs and pools into the order of their addresses, each once.
func (k *kept) sort() {
	slices.SortStableFunc(k.refs, compareRefs)
	k.refs = slices.CompactFunc(k.refs, func(a, b ref) bool { return a.address == b.address })
	slices.SortStableFunc(k.pools, func(a, b pool) int { return a.address.Compare(b.address) })
	k.pools = slices.CompactFunc(k.pools, func(a, b pool) bool { return a.address == b.address })
}

func (k *kept) isTooLarge() bool { return len(k.refs) > k.limit }

// find returns where address stands in refs, or would stand. refs must be sorted.
func (k *kept) find(address solana.Key) (at int, ok bool) {
	return slices.BinarySearchFunc(k.refs, address, func(r ref, a solana.Key) int { return r.address.Compare(a) })
}

func (k *kept) knows(address solana.Key) bool {
	_, ok := k.find(address)
	return ok
}

// A notebook is what runs leave for those of another process, in the sync table.
type notebook struct {
	Costs     solana.Costs     `json:"costs"`
	Pools     ways             `json:"pools"`
	Configs   ways             `json:"configs"`        // of fee claimers
	Known     int              `json:"known"`          // pools, of the last whole walk
	Turn      int              `json:"turn"`           // where the next share of a large launchpad begins
	Width     int              `json:"width"`          // of the share that the walk under way hands out
	Of        int              `json:"of"`             // how many shares are handed out, in turns
	Short     bool             `json:"short"`          // that walk has left out curves of its share
	Shown     int              `json:"shown"`          // shares that were handed out since the launchpad was first read; all of them at most
	Room      int              `json:"room,omitempty"` // for curves, of a consumer that had too little: for a day
	RoomUntil int64            `json:"room_until,omitempty"`
	Slot      int64            `json:"slot"` // all that was written until then is known
	Useless   map[string]int64 `json:"useless,omitempty"`
}

// ways is how a search was asked.
type ways struct {
	Way      solana.Way       `json:"way"` // that worked
	Until    int64            `json:"until"`
	Requests int64            `json:"requests"` // of the last whole walk
	Time     time.Duration    `json:"time"`
	At       *solana.Position `json:"at,omitempty"`    // of a walk that is not at its end
	Found    int              `json:"found,omitempty"` // by it, in earlier runs
}

// How long things are remembered, and how many addresses stand in an entry: 220 KB, of DynamoDB's 400.
const (
	keepWay      = 24 * time.Hour
	keepBook     = 7 * 24 * time.Hour
	knownEntries = 5000
)

func (m *notebook) isUseless(news string, now time.Time) bool { return m.Useless[news] > now.Unix() }

// bookKey names what is remembered of a launchpad on a node.
func (s *scan) bookKey() string {
	h := fnv.New64a()
	for _, id := range s.now.ids {
		fmt.Fprintln(h, id)
	}
	return fmt.Sprintf("DBC-SEARCH#%s#%016x", s.node.ID(), h.Sum64())
}

func (s *scan) knownKey(n int) string { return fmt.Sprintf("%s#%d", s.bookKey(), n) }

// remember loads what earlier runs left: from this process, else from the cache. The pools that are known are in the
// refs that it returns, by address.
func (s *scan) remember() ([]ref, error) {
	if s.last != nil {
		s.now.book, s.now.isDirty = s.last.book, s.last.isDirty
		return s.last.refs, nil
	}
	found, err := s.cached([]string{s.bookKey()})
	if err != nil {
		return nil, err
	}
	if json.Unmarshal([]byte(found[s.bookKey()]), &s.now.book) != nil {
		s.now.book = notebook{}
	}
	return s.rememberKnown()
}

// rememberKnown loads the addresses that are known. A gap between them leaves out what is after it.
func (s *scan) rememberKnown() ([]ref, error) {
	var names []string
	for n := range (min(s.now.book.Known, s.limits.Kept) + knownEntries - 1) / knownEntries {
		names = append(names, s.knownKey(n))
	}
	found, err := s.cached(names)
	if err != nil {
		return nil, err
	}
	var refs []ref
	for _, name := range names {
		raw, err := base64.StdEncoding.DecodeString(found[name])
		if err != nil || len(raw)%len(solana.Key{}) != 0 {
			break
		}
		for address := range slices.Chunk(raw, len(solana.Key{})) {
			refs = append(refs, ref{address: solana.Key(address)})
		}
	}
	slices.SortFunc(refs, compareRefs)
	return refs, nil //nolint:nilerr // what is damaged ends what is known
}

// save leaves what this run knows for runs of another process. Addresses are written when there are others than before.
func (s *scan) save(before []ref) error {
	same := slices.EqualFunc(before, s.now.refs, func(a, b ref) bool { return a.address == b.address })
	if !s.now.isTooLarge() && (!same || s.now.isDirty) {
		entries, n := map[string]string{}, 0
		for refs := range slices.Chunk(s.now.refs, knownEntries) {
			entries[s.knownKey(n)] = addressText(refs)
			n++
		}
		if err := s.source.Cache.Put(s.ctx, entries, keepBook); err != nil {
			return fmt.Errorf("writing the cache: %w", err)
		}
		s.now.isDirty = false
	}
	return s.saveBook()
}

// saveBook leaves how the node is best asked, and where a walk stands.
func (s *scan) saveBook() error {
	b, err := json.Marshal(s.now.book)
	if err != nil {
		return fmt.Errorf("encoding what is known of the node: %w", err)
	}
	if err := s.source.Cache.Put(s.ctx, map[string]string{s.bookKey(): string(b)}, keepBook); err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	return nil
}

func addressText(refs []ref) string {
	raw := make([]byte, 0, len(refs)*len(solana.Key{}))
	for i := range refs {
		raw = append(raw, refs[i].address[:]...)
	}
	return base64.StdEncoding.EncodeToString(raw)
}
