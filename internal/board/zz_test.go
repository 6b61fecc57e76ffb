package board

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
)

func TestZZ(t *testing.T) {
	const n = 10_000
	now := world{Tick: 24*60 + 1}
	m, chunks := chunksOf(t, now.Tokens(n))
	m.SyncedAt = now.At()
	b, _ := Open(m, nil, func(ref Ref) ([]byte, error) { return chunks[ref], nil })
	for f := range families {
		size := 0
		for _, c := range b.chunks[f] {
			size += len(c.data) + cap(c.pools.data) + int(reflect.TypeFor[chunk]().Size())
			size += cap(c.columns) * int(reflect.TypeFor[column]().Size())
			for i := range c.columns {
				size += colSize(&c.columns[i])
			}
		}
		fmt.Println(plans[f].name, len(b.chunks[f]), size/n, size)
		for i, c := range b.chunks[f][:1] {
			_ = i
			var sizes []string
			for k, list := range ofFamily[f].lists() {
				_ = k
				for j := range list {
					if len(c.columns) > 0 {
						s := colSize(&c.columns[list[j].index])
						if s*1.0/c.tokens > 0 {
							sizes = append(sizes, fmt.Sprintf("%s:%.1f", list[j].name, float64(s)/float64(c.tokens)))
						}
					}
				}
			}
			fmt.Println("   ", c.tokens, sizes)
		}
	}
	runtime.KeepAlive(b)
}

func colSize(c *column) (size int) {
	size = cap(c.runs) * 8
	if c.many != nil {
		size += cap(c.many.rows)*8 + cap(c.many.cells)*2 + 48
	}
	if m := c.more; m != nil {
		size += 72 + cap(m.keys) + cap(m.amounts)*24
		if m.ints != nil {
			size += cap(m.ints.data) + 48
		}
		if m.exps != nil {
			size += cap(m.exps.data) + 48
		}
		if m.dict != nil {
			for _, w := range *m.dict {
				size += 16 + len(w)
			}
		}
		if m.heap != nil {
			size += len(m.heap.text) + cap(m.heap.marks)*4 + cap(m.heap.beginning.data) + cap(m.heap.lengths.data)
			for _, w := range m.heap.beginnings {
				size += 16 + len(w)
			}
		}
	}
	return size
}
