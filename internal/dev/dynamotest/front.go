package dynamotest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	"tokensync/internal/dev/serve"
)

// A front is a server that stands before an engine.
type front struct {
	*serve.Server
	engine *http.Transport
}

// startFront serves on a free port until Close what handler makes of the engine at an address. answered may change what the
// engine answers.
func startFront(ctx context.Context, address string, answered func(*http.Response) error,
	handler func(engine http.Handler) http.HandlerFunc,
) (*front, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the engine's address: %w", err)
	}
	f := &front{engine: &http.Transport{}}
	f.Server, err = serve.Start(ctx, serve.Local, handler(&httputil.ReverseProxy{
		Transport:      f.engine,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: answered,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}))
	if err != nil {
		return nil, fmt.Errorf("stand before the engine: %w", err)
	}
	return f, nil
}

// Close stops serving.
func (f *front) Close() error {
	defer f.engine.CloseIdleConnections()
	return f.Server.Close()
}
