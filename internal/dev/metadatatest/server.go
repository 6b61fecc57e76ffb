// Package metadatatest is the hosts that tokens' metadata lies on, with all that is wrong with them out there.
package metadatatest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"tokensync/internal/dev/serve"
)

// Hosts are the names that one server stands for: the one that the fake chain's tokens name, and the usual gateways.
var Hosts = []string{"example.com", "ipfs.io", "dweb.link", "gateway.pinata.cloud", "arweave.net", "gateway.irys.xyz"}

// A Server answers for all of Hosts, over TLS with an authority of its own.
type Server struct {
	serve *serve.Server
	roots string

	mu    sync.Mutex
	dead  bool
	asked map[string]int // paths
}

// Start starts a server on a free port of this machine.
func Start(ctx context.Context) (*Server, error) {
	certificate, roots, err := newCertificate()
	if err != nil {
		return nil, err
	}
	s := &Server{asked: map[string]int{}}
	if s.roots, err = writeRoots(roots); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", serve.Local)
	if err != nil {
		return nil, errors.Join(err, os.Remove(s.roots))
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.serve = serve.On(tls.NewListener(l, config), s)
	return s, nil
}

func writeRoots(pem []byte) (path string, err error) {
	f, err := os.CreateTemp("", "metadatatest-*.pem")
	if err != nil {
		return "", err
	}
	_, err = f.Write(pem)
	return f.Name(), errors.Join(err, f.Close())
}

// Environment returns the variables that lead a function to the server, and to no other host.
func (s *Server) Environment() map[string]string {
	return map[string]string{"METADATA_HOSTS": s.pairs(), "SSL_CERT_FILE": s.roots}
}

func (s *Server) pairs() string {
	pairs := make([]string, len(Hosts))
	for i, host := range Hosts {
		pairs[i] = host + "=" + s.serve.Host()
	}
	return strings.Join(pairs, ",")
}

// Address returns the host and port that stand for all of Hosts.
func (s *Server) Address() string { return s.serve.Host() }

// Roots returns the path of the file with the server's authority.
func (s *Server) Roots() string { return s.roots }

// SetDead lets every answer be a 503, or no more.
func (s *Server) SetDead(dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = dead
}

// Asked returns how often a path was asked for.
func (s *Server) Asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// Requests returns how many requests there were.
func (s *Server) Requests() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.asked {
		n += times
	}
	return n
}

// ServeHTTP answers for every host.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	dead := s.dead
	s.mu.Unlock()
	if dead {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	answer(w, r)
}

// Close closes the server.
func (s *Server) Close() error { return errors.Join(s.serve.Close(), os.Remove(s.roots)) }
