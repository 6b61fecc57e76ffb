package dynamotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Units are what DynamoDB charges for in on-demand mode.
type Units struct {
	Read, Write float64 // request units
}

// Meter stands before an engine and sums up the capacity that it says each request consumed, indexes included.
type Meter struct {
	url    string
	server *http.Server
	engine *http.Transport
	done   chan struct{}

	mu    sync.Mutex
	units Units
}

// StartMeter serves on a free port until Close.
func StartMeter(ctx context.Context, engine string) (*Meter, error) {
	target, err := url.Parse(engine)
	if err != nil {
		return nil, fmt.Errorf("engine's address: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the meter: %w", err)
	}
	m := &Meter{url: "http://" + l.Addr().String(), engine: &http.Transport{}, done: make(chan struct{})}
	m.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &httputil.ReverseProxy{
		Transport:      m.engine,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); askForUnits(r.Out) },
		ModifyResponse: m.read,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}}
	go func() {
		defer close(m.done)
		_ = m.server.Serve(l) // it returns when it is closed, and only then
	}()
	return m, nil
}

// URL is the endpoint.
func (m *Meter) URL() string { return m.url }

// Close stops serving.
func (m *Meter) Close() error {
	err := m.server.Close()
	<-m.done
	m.engine.CloseIdleConnections()
	return err
}

// Take is what was consumed since the last call.
func (m *Meter) Take() Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	units := m.units
	m.units = Units{}
	return units
}

// askForUnits adds ReturnConsumedCapacity to a request. One whose body is no JSON goes on as it is, to be refused.
func askForUnits(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := map[string]json.RawMessage{}
	if err == nil && json.Unmarshal(body, &request) == nil {
		request["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
		if asking, err := json.Marshal(request); err == nil {
			body = asking
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// read adds what an answer says was consumed: an object, or a list of them for batches.
func (m *Meter) read(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return errors.Join(err, r.Body.Close())
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	type consumed struct{ CapacityUnits float64 }
	var single struct{ ConsumedCapacity consumed }
	var batch struct{ ConsumedCapacity []consumed }
	if json.Unmarshal(body, &single) == nil {
		batch.ConsumedCapacity = append(batch.ConsumedCapacity, single.ConsumedCapacity)
	} else if json.Unmarshal(body, &batch) != nil {
		return nil // an error's text
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, operation, _ := strings.Cut(r.Request.Header.Get("X-Amz-Target"), ".")
	for _, c := range batch.ConsumedCapacity {
		switch operation {
		case "GetItem", "BatchGetItem", "Query":
			m.units.Read += c.CapacityUnits
		default:
			m.units.Write += c.CapacityUnits
		}
	}
	return nil
}
