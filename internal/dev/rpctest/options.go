package rpctest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/mr-tron/base58"
)

// Limits of a node (Solana's RPC documentation).
const (
	maxFilters = 4
	maxMatch   = 128
)

// options are those of all methods that return accounts.
type options struct {
	Encoding  string `json:"encoding"`
	DataSlice *struct {
		Offset, Length int
	} `json:"dataSlice"`
	Filters []struct {
		DataSize *int `json:"dataSize"`
		Memcmp   *struct {
			Offset int    `json:"offset"`
			Bytes  string `json:"bytes"`
		} `json:"memcmp"`
	} `json:"filters"`
	WithContext      bool   `json:"withContext"`
	Limit            int    `json:"limit"`
	PaginationKey    string `json:"paginationKey"`
	Cursor           string `json:"cursor"`
	ChangedSinceSlot uint64 `json:"changedSinceSlot"`

	noSlice bool
	noOwner bool
	matches [][]byte
}

func (q *question) options(params []json.RawMessage) (*options, *failure) {
	o := &options{noSlice: q.node.NoSlices, noOwner: q.fault.NoOwner}
	if len(params) != 2 || json.Unmarshal(params[1], o) != nil {
		return nil, failed(badParams, "Invalid params")
	}
	if o.Encoding != "base64" {
		return nil, failed(badParams, "encoding %q is not served here", o.Encoding)
	}
	if len(o.Filters) > maxFilters {
		return nil, failed(badParams, "Too many filters provided; max %d", maxFilters)
	}
	for _, f := range o.Filters {
		var match []byte
		if f.Memcmp != nil {
			b, err := base58.Decode(f.Memcmp.Bytes)
			if err != nil || len(b) > maxMatch || f.Memcmp.Offset < 0 {
				return nil, failed(badParams, "Invalid memcmp filter")
			}
			match = b
		}
		o.matches = append(o.matches, match)
	}
	return o, nil
}

// passes reports whether the filters let a through.
func (o *options) passes(a *Account) bool {
	if a.Slot < o.ChangedSinceSlot {
		return false
	}
	for i, f := range o.Filters {
		if f.DataSize != nil && len(a.Data) != *f.DataSize {
			return a.Stray
		}
		if f.Memcmp == nil {
			continue
		}
		if at := min(f.Memcmp.Offset, len(a.Data)); !bytes.HasPrefix(a.Data[at:], o.matches[i]) {
			return a.Stray
		}
	}
	return true
}

// namesAKey reports whether a filter wants a whole key that is not a stranger's, so that no stranger's account passes.
func (o *options) namesAKey() bool {
	for _, m := range o.matches {
		if len(m) == len(key{}) && !isStranger(key(m)) {
			return true
		}
	}
	return false
}

// write writes one account, cut as dataSlice asks.
func (o *options) write(out *bufio.Writer, a *Account) {
	data := a.Data
	if s := o.DataSlice; s != nil && !o.noSlice {
		from := min(max(s.Offset, 0), len(data))
		data = data[from:]
		data = data[:min(max(s.Length, 0), len(data))]
	}
	out.WriteString(`{"data":["`)
	out.WriteString(base64.StdEncoding.EncodeToString(data))
	out.WriteString(`","base64"],"executable":false,"lamports":3841920,`)
	if !o.noOwner {
		fmt.Fprintf(out, `"owner":"%s",`, spell(a.Owner))
	}
	fmt.Fprintf(out, `"rentEpoch":18446744073709551615,"space":%d}`, len(a.Data))
}

// writeNamed writes one account of a program's.
func (o *options) writeNamed(out *bufio.Writer, a *Account) {
	fmt.Fprintf(out, `{"pubkey":"%s","account":`, spell(a.Key))
	o.write(out, a)
	out.WriteString("}")
}

// A list writes elements with commas between them.
type list struct {
	out *bufio.Writer
	n   int
}

func (l *list) next() *bufio.Writer {
	if l.n > 0 {
		l.out.WriteString(",")
	}
	l.n++
	return l.out
}
