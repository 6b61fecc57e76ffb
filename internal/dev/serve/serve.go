// Package serve runs HTTP handlers on ports of this machine: everything here that is a server starts and ends with it.
package serve

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Local is the address of a free port that only this machine can reach.
const Local = "127.0.0.1:0"

const headerTimeout = 10 * time.Second

// FreeAddress returns the host and port of a port that was free just now, for a process that cannot choose one itself.
func FreeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", Local)
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// A Server serves one handler until Close.
type Server struct {
	http *http.Server
	host string
	done chan struct{}
}

// Start listens on address and serves h in the background.
func Start(ctx context.Context, address string, h http.Handler) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return On(l, h), nil
}

// On serves h in the background on l, which Close closes.
func On(l net.Listener, h http.Handler) *Server {
	s := &Server{
		http: &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout},
		host: l.Addr().String(), done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // it returns when it is closed, and only then
	}()
	return s
}

// Host returns the host and port.
func (s *Server) Host() string { return s.host }

// URL returns the base URL, without a slash at its end.
func (s *Server) URL() string { return "http://" + s.host }

// Close closes the listener and every connection, and returns once no more are accepted. It does not wait for handlers.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}
