package rpctest

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/mr-tron/base58"
)

// maxSignatures is what getSignaturesForAddress returns at most.
const maxSignatures = 1000

// An event is a transaction on a pool: its creation, or something that changed it; or the one that made a config.
type event struct {
	slot  uint64
	token int // or ofConfig
}

// signature returns 64 bytes that tell the event, so that nothing has to be remembered for it.
func (e event) signature() string {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint64(b, e.slot)
	binary.LittleEndian.PutUint64(b[8:], uint64(e.token))
	first := sha256.Sum256(b[:16])
	second := sha256.Sum256(first[:])
	copy(b[16:], first[:])
	copy(b[48:], second[:])
	return base58.Encode(b)
}

func parseEvent(signature string) (e event, ok bool) {
	b, err := base58.Decode(signature)
	if err != nil || len(b) != 64 {
		return e, false
	}
	e = event{binary.LittleEndian.Uint64(b), int(binary.LittleEndian.Uint64(b[8:]))}
	return e, e.signature() == signature
}

// events returns those of one token up to a slot, the oldest first. c.mu must be held.
func (c *Chain) events(i int, until uint64) (list []event) {
	add := func(slot uint64) {
		if slot <= until && (len(list) == 0 || list[len(list)-1].slot != slot) {
			list = append(list, event{slot, i})
		}
	}
	add(c.tokens[i].created)
	versions := c.edited[i]
	for tick := range c.ticks {
		if at := c.ticks[tick]; (len(versions) == 0 || at < versions[0].slot) && c.movedAt(i, tick) == at && at > c.tokens[i].created {
			add(at)
		}
	}
	for _, v := range versions {
		add(v.slot)
	}
	return list
}

// keysOf returns the accounts that a transaction on the i-th pool names, but for its mint's metadata.
func (c *Chain) keysOf(i int) []key {
	t := &c.tokens[i]
	v := c.configs[t.config]
	return []key{c.creator(i), t.pool, t.mint, v.key, baseVault.key(i), quoteVault.key(i), v.quote, dbcProgram}
}

// eventsOf returns those that involve a key, the newest first.
func (c *Chain) eventsOf(k key, until uint64) (list []event) {
	c.mu.Lock() // for the index
	defer c.mu.Unlock()
	if at, ok := c.index()[k]; ok {
		list = c.events(at.token, until)
	} else {
		for i := range c.tokens {
			if slices.Contains(c.keysOf(i), k) {
				list = append(list, c.events(i, until)...)
			}
		}
	}
	for i, v := range c.configs {
		if e := (event{max(v.written, firstSlot), ofConfig(i)}); slices.Contains(v.keys(), k) && e.slot <= until {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b event) int {
		if a.slot != b.slot {
			return int(b.slot) - int(a.slot)
		}
		return b.token - a.token
	})
	return list
}

// ofConfig stands for a token where a config was made; it is its own reverse.
func ofConfig(i int) (token int) { return -1 - i }

// keys returns the accounts that the transaction names which made a config.
func (v *curve) keys() []key { return []key{v.key, v.quote, dbcProgram} }

// signatures answers getSignaturesForAddress: the newest first, from behind before up to until.
func (q *question) signatures(params []json.RawMessage) (results, *failure) {
	var address string
	o := struct {
		Before, Until string
		Limit         int
	}{Limit: maxSignatures}
	if len(params) == 0 || json.Unmarshal(params[0], &address) != nil || len(params) > 1 && json.Unmarshal(params[1], &o) != nil {
		return nil, failed(badParams, "Invalid params")
	}
	if o.Limit < 1 || o.Limit > maxSignatures {
		return nil, failed(badParams, "Invalid limit; max %d", maxSignatures)
	}
	list := q.eventsOf(parseKey(address), q.now)
	if at := slices.IndexFunc(list, func(e event) bool { return e.signature() == o.Before }); at >= 0 {
		list = list[at+1:]
	}
	if at := slices.IndexFunc(list, func(e event) bool { return e.signature() == o.Until }); at >= 0 {
		list = list[:at]
	}
	if q.fault.Empty {
		list = nil
	}
	return func(out *bufio.Writer) { writeJSON(out, q.described(list[:min(len(list), o.Limit)])) }, nil
}

func (q *question) described(list []event) []object {
	rows := make([]object, len(list))
	for i, e := range list {
		rows[i] = object{
			"signature": e.signature(), "slot": e.slot, "err": nil, "memo": nil, "blockTime": q.TimeOf(e.slot).Unix(),
			"confirmationStatus": "finalized",
		}
	}
	return rows
}

// transaction answers getTransaction with the accounts that a transaction names; null for an unknown one.
func (q *question) transaction(params []json.RawMessage) (results, *failure) {
	var signature string
	if len(params) == 0 || json.Unmarshal(params[0], &signature) != nil {
		return nil, failed(badParams, "Invalid params")
	}
	e, ok := parseEvent(signature)
	keys := q.accountsOf(e)
	if !ok || len(keys) == 0 || e.slot > q.now {
		return func(out *bufio.Writer) { out.WriteString("null") }, nil
	}
	return func(out *bufio.Writer) {
		writeJSON(out, object{
			"slot": e.slot, "blockTime": q.TimeOf(e.slot).Unix(), "meta": object{"err": nil}, "version": "legacy",
			"transaction": object{"signatures": []string{signature}, "message": object{"accountKeys": keys}},
		})
	}, nil
}

// accountsOf returns the accounts that an event's transaction names; none where there is no such token or config.
func (c *Chain) accountsOf(e event) (texts []string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var keys []key
	switch i := ofConfig(e.token); {
	case e.token >= 0 && e.token < len(c.tokens):
		keys = c.keysOf(e.token)
	case e.token < 0 && i < len(c.configs):
		keys = c.configs[i].keys()
	}
	for _, k := range keys {
		texts = append(texts, spell(k))
	}
	return texts
}

func writeJSON(out *bufio.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	out.Write(b)
}
