// Package gateway is an API Gateway HTTP API in front of local functions: it turns requests into payload 2.0 events and their responses back.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"tokensync/internal/dev/runtimeapi"
)

const (
	maxBodyBytes       = 10 << 20 // an HTTP API's limit
	integrationTimeout = 30 * time.Second
)

// Invoker runs a function.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) (runtimeapi.Result, error)
}

// Route sends a method and a path to a function. Method is ANY or one method, Path is API Gateway's spelling:
// /v1/tokens/{mint}, /files/{proxy+}.
type Route struct {
	Method, Path string
	Function     Invoker
	Authorizer   *Authorizer // nil lets everybody through
}

// Gateway is an http.Handler. It is safe for concurrent use.
type Gateway struct {
	routes []route
	// notFound serves what no route matches.
	notFound http.Handler
}

// New returns a gateway. Requests that match no route go to notFound, or get API Gateway's 404 if that is nil.
func New(routes []Route, notFound http.Handler) (*Gateway, error) {
	if notFound == nil {
		notFound = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { message(w, http.StatusNotFound, "Not Found") })
	}
	g := &Gateway{notFound: notFound}
	for _, r := range routes {
		parsed, err := parseRoute(r)
		if err != nil {
			return nil, fmt.Errorf("route %s %s: %w", r.Method, r.Path, err)
		}
		g.routes = append(g.routes, parsed)
	}
	return g, nil
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, parameters := g.match(r.Method, r.URL.Path)
	if route == nil {
		g.notFound.ServeHTTP(w, r)
		return
	}
	if route.authorizer != nil && route.authorizer.refuse(w, r, route, parameters) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	event, err := json.Marshal(newEvent(r, route, parameters, body, time.Now()))
	if err != nil {
		message(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), integrationTimeout)
	defer cancel()
	result, err := route.function.Invoke(ctx, event)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		message(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil || result.Error != nil:
		message(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		writeResponse(w, result.Payload)
	}
}

// message writes a response of API Gateway itself.
func message(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
}
