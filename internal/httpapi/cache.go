package httpapi

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cache keeps answers in a warm function for a moment, at most a number of bytes of them, and lets requests for the
// same answer wait for one read. It is safe for concurrent use.
type cache struct {
	bytes int // bound

	flight singleflight.Group

	mu     sync.Mutex
	used   int
	recent *list.List // of *slot, the latest used in front
	slots  map[string]*list.Element
}

type slot struct {
	key     string
	entry   *entry
	expires time.Time
}

func newCache(bytes int) *cache {
	return &cache{bytes: bytes, recent: list.New(), slots: map[string]*list.Element{}}
}

// get returns the entry under key, from produce when there is none, and keeps that for ttl. Errors are not kept.
func (c *cache) get(key string, ttl time.Duration, produce func() (*entry, error)) (*entry, error) {
	if e := c.lookup(key); e != nil {
		return e, nil
	}
	v, err, _ := c.flight.Do(key, func() (any, error) {
		e, err := produce()
		if err == nil {
			c.store(key, ttl, e)
		}
		return e, err
	})
	if err != nil {
		return nil, err
	}
	return v.(*entry), nil
}

func (c *cache) lookup(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.slots[key]
	if !ok {
		return nil
	}
	s := element.Value.(*slot)
	if !time.Now().Before(s.expires) {
		c.remove(element)
		return nil
	}
	c.recent.MoveToFront(element)
	return s.entry
}

// slotOverhead is about what an entry takes beside its body and its key, in bytes.
const slotOverhead = 512

func (s *slot) size() int { return 2*len(s.entry.body.Bytes()) + len(s.key) + slotOverhead } // a gzipped body may join it

func (c *cache) store(key string, ttl time.Duration, e *entry) {
	s := &slot{key: key, entry: e, expires: time.Now().Add(ttl)}
	if ttl <= 0 || s.size() > c.bytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.slots[key]; ok {
		c.remove(old)
	}
	c.slots[key] = c.recent.PushFront(s)
	c.used += s.size()
	for c.used > c.bytes {
		c.remove(c.recent.Back())
	}
}

func (c *cache) remove(element *list.Element) {
	s := c.recent.Remove(element).(*slot)
	delete(c.slots, s.key)
	c.used -= s.size()
}
