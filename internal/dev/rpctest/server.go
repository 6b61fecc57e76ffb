package rpctest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"

	"tokensync/internal/dev/serve"
)

const maxRequest = 1 << 20

// Codes of JSON-RPC errors.
const (
	badRequest = -32600
	badMethod  = -32601
	badParams  = -32602
)

// Server is a Chain on a port.
type Server struct {
	*Chain
	http *serve.Server
}

// Start listens on a free port of 127.0.0.1 and serves until Close.
func Start(c *Chain) (*Server, error) {
	s, err := serve.Start(context.Background(), serve.Local, c)
	if err != nil {
		return nil, fmt.Errorf("rpctest: %w", err)
	}
	return &Server{Chain: c, http: s}, nil
}

// URL returns the node's URL, with its key.
func (s *Server) URL() string { return s.http.URL() + "/" + s.cfg.Key }

// Close stops the server.
func (s *Server) Close() error { return s.http.Close() }

type rpcRequest struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params parameters      `json:"params"`
}

// parameters are those of a request: an array, or of digital assets one object.
type parameters []json.RawMessage

func (p *parameters) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		*p = parameters{b}
		return nil
	}
	return json.Unmarshal(b, (*[]json.RawMessage)(p))
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
	node := c.Node()
	fault := c.faultFor(Request{Method: request.Method, N: c.count(&node, request.Method), HTTP: r})
	if !fault.hold(r) || fault.instead(w) {
		return
	}
	out, done := compressed(w, r, fault)
	defer done()
	c.ask(&node, fault).respond(out, &request)
}

// compressed returns where to write the answer: gzip where the client takes it, broken as the fault says.
func compressed(w http.ResponseWriter, r *http.Request, fault *Fault) (out *bufio.Writer, done func()) {
	w.Header().Set("Content-Type", "application/json")
	b := &breaking{to: w, fault: fault, http: r, left: fault.After}
	b.flush = func() { w.(http.Flusher).Flush() }
	out = bufio.NewWriterSize(b, 64<<10)
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return out, func() { out.Flush() }
	}
	w.Header().Set("Content-Encoding", "gzip")
	gz, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // errs for an unknown level only
	b.to, b.flush = gz, func() { gz.Flush(); w.(http.Flusher).Flush() }
	return out, func() { out.Flush(); gz.Close() }
}

// A question is one request to a node that behaves in a certain way.
type question struct {
	*Chain
	node  *Node
	fault *Fault
	now   uint64 // the slot at which the request came
}

func (c *Chain) ask(node *Node, fault *Fault) *question {
	return &question{Chain: c, node: node, fault: fault, now: c.Slot()}
}

// respond writes the whole answer.
func (q *question) respond(out *bufio.Writer, r *rpcRequest) {
	id := r.ID
	if q.fault.WrongID {
		id = json.RawMessage(`"another request's"`)
	}
	fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,`, id)
	write, err := q.method(r)
	if q.fault.Code != 0 {
		err = &failure{q.fault.Code, q.fault.Message}
	}
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

func (q *question) method(r *rpcRequest) (results, *failure) {
	switch {
	case r.Method == "getMultipleAccounts":
		return q.multiple(r.Params)
	case r.Method == "getProgramAccounts":
		return q.program(r.Params)
	case r.Method == "getProgramAccountsV2" && q.node.pages():
		return q.programPage(r.Params)
	case r.Method == "getAssetBatch" && q.node.indexes():
		return q.assets(r.Params)
	case r.Method == "getSlot":
		return func(out *bufio.Writer) { fmt.Fprint(out, q.slot()) }, nil
	case r.Method == "getBlockTime":
		return q.blockTime(r.Params)
	case r.Method == "getSignaturesForAddress":
		return q.signatures(r.Params)
	case r.Method == "getTransaction":
		return q.transaction(r.Params)
	}
	return nil, failed(badMethod, "Method not found")
}

// slot returns what the node says of the slot it stands at.
func (q *question) slot() uint64 { return q.now - q.fault.SlotBack }

func contextAt(slot uint64) string { return fmt.Sprintf(`{"apiVersion":"2.2.1","slot":%d}`, slot) }
