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

// An event is a transaction on a pool: its creation, or something that changed it.
type event struct {
	slot  uint64
	token int
}

// signature is 64 bytes that tell the event, so that nothing has to be remembered for it.
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

// events are those of one token up to a slot, the oldest first. c.mu must be held.
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

// involves reports whether transactions on the i-th pool name a key.
func (c *Chain) involves(i int, k key) bool {
	t := &c.tokens[i]
	return k == t.mint || k == c.configs[t.config].key || k == c.creator(i) || k == c.poolAddress(i)
}

// eventsOf are those that involve a key, the newest first.
func (c *Chain) eventsOf(k key, until uint64) (list []event) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := range c.tokens {
		if c.involves(i, k) {
			list = append(list, c.events(i, until)...)
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
	if !ok || e.token >= q.Tokens() || e.slot > q.now {
		return func(out *bufio.Writer) { out.WriteString("null") }, nil
	}
	t := q.Token(e.token)
	return func(out *bufio.Writer) {
		writeJSON(out, object{
			"slot": e.slot, "blockTime": q.TimeOf(e.slot).Unix(), "meta": object{"err": nil}, "version": "legacy",
			"transaction": object{
				"signatures": []string{signature},
				"message":    object{"accountKeys": []string{t.Creator, t.Pool, t.Mint, t.Config, spell(dbcProgram)}},
			},
		})
	}, nil
}

func writeJSON(out *bufio.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	out.Write(b)
}
