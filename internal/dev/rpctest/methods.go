package rpctest

import (
	"bufio"
	"encoding/json"
	"fmt"
)

// maxMultiple is how many keys getMultipleAccounts takes.
const maxMultiple = 100

// multiple answers getMultipleAccounts.
func (q *question) multiple(params []json.RawMessage) (results, *failure) {
	o, err := q.options(params)
	if err != nil {
		return nil, err
	}
	var keys []string
	if json.Unmarshal(params[0], &keys) != nil || len(keys) > maxMultiple {
		return nil, failed(badParams, "Too many inputs provided; max %d", maxMultiple)
	}
	if q.fault.Empty {
		keys = nil
	}
	return func(out *bufio.Writer) {
		fmt.Fprintf(out, `{"context":%s,"value":[`, contextAt(q.slot()))
		l := &list{out: out}
		for _, k := range keys {
			l.next()
			if a := q.find(parseKey(k)); a != nil {
				o.write(out, a)
			} else {
				out.WriteString("null")
			}
		}
		out.WriteString("]}")
	}, nil
}
