package rpctest

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/mr-tron/base58"
)

// Limits of a node (Solana's RPC documentation; Helius for the method with pages).
const (
	maxFilters  = 4
	maxMatch    = 128
	maxMultiple = 100
	maxLimit    = 10_000
	maxRequest  = 1 << 20
)

// Codes of JSON-RPC errors.
const (
	badMethod = -32601
	badParams = -32602
)

// Server is a Chain on a port.
type Server struct {
	*Chain
	http *http.Server
	base string
}

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start(c *Chain) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("rpctest: %w", err)
	}
	s := &Server{Chain: c, base: "http://" + l.Addr().String(), http: &http.Server{Handler: c, ReadHeaderTimeout: 10 * time.Second}}
	go s.http.Serve(l)
	return s, nil
}

// URL is the node's, with its key.
func (s *Server) URL() string { return s.base + "/" + s.cfg.Key }

// Close stops the server.
func (s *Server) Close() error { return s.http.Close() }

type rpcRequest struct {
	ID     json.RawMessage   `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

// failure is a JSON-RPC error.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func failed(code int, format string, args ...any) *failure {
	return &failure{code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers JSON-RPC.
func (c *Chain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.cfg.Key != "" && strings.TrimPrefix(r.URL.Path, "/") != c.cfg.Key {
		http.Error(w, "invalid api key "+r.URL.Path, http.StatusUnauthorized) // providers do repeat it
		return
	}
	var request rpcRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRequest)).Decode(&request); err != nil || r.Method != http.MethodPost {
		http.Error(w, "not a JSON-RPC request", http.StatusBadRequest)
		return
	}
	write, err := c.method(&request)
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		gz, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // errs for an unknown level only
		defer gz.Close()
		out = bufio.NewWriterSize(gz, 64<<10)
	}
	defer out.Flush()
	fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,`, request.ID)
	if err != nil {
		b, _ := json.Marshal(err)
		fmt.Fprintf(out, `"error":%s}`, b)
		return
	}
	out.WriteString(`"result":`)
	write(out)
	out.WriteString("}\n")
}

type results func(*bufio.Writer)

func (c *Chain) method(r *rpcRequest) (results, *failure) {
	switch {
	case r.Method == "getMultipleAccounts":
		return c.multiple(r.Params)
	case r.Method == "getProgramAccounts":
		return c.program(r.Params, false)
	case r.Method == "getProgramAccountsV2" && !c.cfg.NoPages:
		return c.program(r.Params, true)
	}
	return nil, failed(badMethod, "Method not found")
}

// options are those of all three methods.
type options struct {
	Encoding  string `json:"encoding"`
	DataSlice *struct {
		Offset, Length int
	} `json:"dataSlice"`
	Filters []struct {
		DataSize *int `json:"dataSize"`
		Memcmp   *struct {
			Offset   int    `json:"offset"`
			Bytes    string `json:"bytes"`
			Encoding string `json:"encoding"`
		} `json:"memcmp"`
	} `json:"filters"`
	Limit            int     `json:"limit"`
	PaginationKey    *string `json:"paginationKey"`
	ChangedSinceSlot uint64  `json:"changedSinceSlot"`

	ignoreSlice bool
	matches     [][]byte
}

func (c *Chain) options(params []json.RawMessage) (*options, *failure) {
	o := &options{ignoreSlice: c.cfg.NoSlices}
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
			if err != nil || len(b) > maxMatch {
				return nil, failed(badParams, "Invalid memcmp bytes")
			}
			match = b
		}
		o.matches = append(o.matches, match)
	}
	return o, nil
}

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
		end := f.Memcmp.Offset + len(o.matches[i])
		if end > len(a.Data) || string(a.Data[f.Memcmp.Offset:end]) != string(o.matches[i]) {
			return a.Stray
		}
	}
	return true
}

func (c *Chain) program(params []json.RawMessage, paged bool) (results, *failure) {
	o, err := c.options(params)
	if err != nil {
		return nil, err
	}
	var text string
	_ = json.Unmarshal(params[0], &text)
	program := parseKey(text)
	if !paged {
		return func(out *bufio.Writer) {
			out.WriteString("[")
			c.list(out, o, program, 0, len(c.configs)+len(c.mints)+len(c.extras()))
			out.WriteString("]")
		}, nil
	}
	from := 0
	if o.Limit < 1 || o.Limit > maxLimit {
		return nil, failed(badParams, "limit must be between 1 and %d", maxLimit)
	}
	if o.PaginationKey != nil {
		n, err := strconv.Atoi(*o.PaginationKey)
		if err != nil || n < 0 {
			return nil, failed(badParams, "Invalid paginationKey")
		}
		from = n
	}
	return func(out *bufio.Writer) {
		out.WriteString(`{"accounts":[`)
		next := "null"
		if at := c.list(out, o, program, from, o.Limit); at >= 0 {
			next = strconv.Quote(strconv.Itoa(at))
		}
		fmt.Fprintf(out, `],"paginationKey":%s}`, next)
	}, nil
}

// list writes up to limit accounts and answers where to go on, or -1.
func (c *Chain) list(out *bufio.Writer, o *options, program key, from, limit int) int {
	n, next := 0, -1
	c.each(program, from, func(i int, a *Account) bool {
		if !o.passes(a) {
			return true
		}
		if n == limit {
			next = i
			return false
		}
		if n > 0 {
			out.WriteString(",")
		}
		n++
		fmt.Fprintf(out, `{"pubkey":"%s","account":`, a.Key)
		o.write(out, a)
		out.WriteString("}")
		return true
	})
	return next
}

func (c *Chain) multiple(params []json.RawMessage) (results, *failure) {
	o, err := c.options(params)
	if err != nil {
		return nil, err
	}
	var keys []string
	if json.Unmarshal(params[0], &keys) != nil || len(keys) > maxMultiple {
		return nil, failed(badParams, "Too many inputs provided; max %d", maxMultiple)
	}
	return func(out *bufio.Writer) {
		fmt.Fprintf(out, `{"context":{"apiVersion":"2.2.1","slot":%d},"value":[`, 1+c.tick.Load())
		for i, k := range keys {
			if i > 0 {
				out.WriteString(",")
			}
			if a := c.find(parseKey(k)); a != nil {
				o.write(out, a)
			} else {
				out.WriteString("null")
			}
		}
		out.WriteString("]}")
	}, nil
}

// write writes one account, cut as dataSlice asks.
func (o *options) write(out *bufio.Writer, a *Account) {
	data := a.Data
	if s := o.DataSlice; s != nil && !o.ignoreSlice {
		from := min(max(s.Offset, 0), len(data))
		data = data[from:min(from+max(s.Length, 0), len(data))]
	}
	out.WriteString(`{"data":["`)
	out.WriteString(base64.StdEncoding.EncodeToString(data))
	fmt.Fprintf(out, `","base64"],"executable":false,"lamports":3841920,"owner":"%s","rentEpoch":18446744073709551615,"space":%d}`, a.Owner, len(a.Data))
}

func parseKey(s string) key {
	b, err := base58.Decode(s)
	if err != nil || len(b) != len(key{}) {
		return key{}
	}
	return key(b)
}
