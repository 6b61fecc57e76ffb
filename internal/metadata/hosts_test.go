package metadata

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// hosts stand for the public Internet: names resolve to what the test says, and public addresses lead to one TLS server.
type hosts struct {
	t       *testing.T
	server  *httptest.Server
	dials   atomic.Int64
	mu      sync.Mutex
	names   map[string][]string // of hosts; each look-up takes the first and leaves the last
	serving map[string]http.HandlerFunc
}

func newHosts(t *testing.T) *hosts {
	t.Helper()
	h := &hosts{t: t, names: map[string][]string{}, serving: map[string]http.HandlerFunc{}}
	h.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		handler := h.serving[r.Host]
		h.mu.Unlock()
		if handler == nil {
			http.NotFound(w, r)
			return
		}
		handler(w, r)
	}))
	t.Cleanup(h.server.Close)
	return h
}

const publicIP = "93.184.216.34"

// serve lets host answer, at a public address.
func (h *hosts) serve(host string, handler http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names[host], h.serving[host] = []string{publicIP}, handler
}

func (h *hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.names[host]
	if len(all) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(all) > 1 {
		h.names[host] = all[1:]
	}
	var ips []netip.Addr
	for ip := range strings.SplitSeq(all[0], " ") {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	return ips, nil
}

// dial leads the public address to the server, and fails the test for any other.
func (h *hosts) dial(ctx context.Context, network, address string) (net.Conn, error) {
	h.dials.Add(1)
	if address != net.JoinHostPort(publicIP, httpsPort) {
		h.t.Errorf("dialled %s", address)
		return nil, errors.New("inside")
	}
	return new(net.Dialer).DialContext(ctx, network, h.server.Listener.Addr().String())
}

func (h *hosts) client() *Client {
	roots := x509.NewCertPool()
	roots.AddCert(h.server.Certificate())
	c := New(Options{
		Resolver: h, Dial: h.dial,
		TLS:      &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12},
		Gateways: Gateways{IPFS: []string{"https://dead.example/ipfs/", "https://ipfs.example/ipfs/"}, Arweave: []string{"https://ar.example/"}},
	})
	h.t.Cleanup(c.Close)
	return c
}
