package rpctest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mr-tron/base58"
)

// reply is an answer as a client sees it, whatever its shape.
type reply struct {
	Status int
	ID     json.RawMessage
	Result json.RawMessage
	Error  *failure
}

// rows are an account's fields that tests look at.
type rows []struct {
	Pubkey  string
	Account struct {
		Data  []string
		Owner string
	}
}

// page is the result of getProgramAccountsV2 in any shape.
type page struct {
	Accounts      rows
	PaginationKey *string
	HasMore       *bool
	NextCursor    *string
	TotalCount    int
	Context       *struct{ Slot uint64 }
	Value         *page
}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(New(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// post sends one request, and returns what the body says up to where it ends.
func (s *Server) post(t *testing.T, method string, params ...any) (status int, body []byte, err error) {
	t.Helper()
	if params == nil {
		params = []any{}
	}
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.URL(), "application/json", bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	defer r.Body.Close()
	body, err = io.ReadAll(r.Body)
	return r.StatusCode, body, err
}

func (s *Server) call(t *testing.T, method string, params ...any) reply {
	t.Helper()
	status, body, err := s.post(t, method, params...)
	r := reply{Status: status}
	if err != nil {
		t.Fatal(err)
	}
	if status == http.StatusOK {
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	return r
}

// into reads the result, which must be one.
func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if r.Error != nil {
		t.Fatalf("error %d: %s", r.Error.Code, r.Error.Message)
	}
	if err := json.Unmarshal(r.Result, v); err != nil {
		t.Fatalf("%v: %s", err, r.Result)
	}
}

// serveChain asks a chain that is on no port.
func serveChain(c *Chain, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	return w
}

type opts = map[string]any

func memcmp(offset int, b []byte) opts {
	return opts{"memcmp": opts{"offset": offset, "bytes": base58.Encode(b)}}
}

// poolsOf returns the options that ask for a launchpad's plain pools.
func poolsOf(config key) opts {
	return opts{"encoding": "base64", "filters": []opts{memcmp(0, poolKind[:]), memcmp(72, config[:])}}
}

func with(o opts, name string, value any) opts {
	more := opts{name: value}
	for k, v := range o {
		if k != name {
			more[k] = v
		}
	}
	return more
}

// readPage asks for one page.
func (s *Server) readPage(t *testing.T, o opts) page {
	t.Helper()
	var p page
	s.call(t, "getProgramAccountsV2", spell(dbcProgram), o).into(t, &p)
	return p
}

// walkPages reads pages until there is no key, at most most of them.
func (s *Server) walkPages(t *testing.T, o opts, most int) (pubkeys []string, pages []page) {
	t.Helper()
	for range most {
		p := s.readPage(t, o)
		pages = append(pages, p)
		for _, a := range p.Accounts {
			pubkeys = append(pubkeys, a.Pubkey)
		}
		if p.PaginationKey == nil {
			break
		}
		o = with(o, "paginationKey", *p.PaginationKey)
	}
	return pubkeys, pages
}

// launchpad returns the config of the first curves.
func (s *Server) launchpad() key { return mustKey(s.Launchpad()) }

// pools returns the curves of the n-th config in their order.
func (s *Server) pools(n int) (addresses []string) {
	for _, i := range s.TokensOf(s.Configs()[n]) {
		addresses = append(addresses, s.Token(i).Pool)
	}
	return addresses
}
