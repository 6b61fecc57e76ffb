package dynamotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Fault is what goes wrong with one request to DynamoDB. The zero value is nothing.
type Fault struct {
	Throttle    bool    // ProvisionedThroughputExceededException
	Reset       bool    // the connection ends without an answer
	Unprocessed float64 // share of BatchWriteItem's items that come back unprocessed; at least one goes through
}

// FaultFunc returns what goes wrong with the n-th request for an operation, counted from 1.
type FaultFunc func(operation string, n int) Fault

// Proxy stands before an engine and does what no engine does on its own: throttle, leave items unprocessed, die.
type Proxy struct {
	*front

	mu    sync.Mutex
	fault FaultFunc
	calls map[string]int
}

// StartProxy serves on a free port until Close.
func StartProxy(ctx context.Context, engine string) (*Proxy, error) {
	p := &Proxy{calls: map[string]int{}}
	f, err := startFront(ctx, engine, addUnprocessed, p.handler)
	if err != nil {
		return nil, err
	}
	p.front = f
	return p, nil
}

// SetFault starts counting anew; nil switches faults off.
func (p *Proxy) SetFault(f FaultFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.calls = f, map[string]int{}
}

func (p *Proxy) next(operation string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[operation]++
	if p.fault == nil {
		return Fault{}
	}
	return p.fault(operation, p.calls[operation])
}

// unprocessedKey carries a batch's items that were held back from the request to its answer.
type unprocessedKey struct{}

func (p *Proxy) handler(engine http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch fault := p.next(operation); {
		case fault.Reset:
			panic(http.ErrAbortHandler)
		case fault.Throttle:
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`)
			return
		case fault.Unprocessed > 0 && operation == "BatchWriteItem":
			var err error
			if r, err = holdBack(r, fault.Unprocessed); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		engine.ServeHTTP(w, r)
	}
}

// holdBack takes a share of a batch's items out of the request.
func holdBack(r *http.Request, share float64) (*http.Request, error) {
	var batch struct {
		RequestItems map[string][]json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		return nil, fmt.Errorf("BatchWriteItem: %w", err)
	}
	held := map[string][]json.RawMessage{}
	for table, items := range batch.RequestItems {
		n := min(int(share*float64(len(items)))+1, len(items)-1)
		held[table], batch.RequestItems[table] = items[:n], items[n:]
	}
	body, err := json.Marshal(batch)
	if err != nil {
		return nil, err
	}
	r = r.WithContext(context.WithValue(r.Context(), unprocessedKey{}, held))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return r, nil
}

// addUnprocessed names in a batch's answer what was held back.
func addUnprocessed(r *http.Response) error {
	held, ok := r.Request.Context().Value(unprocessedKey{}).(map[string][]json.RawMessage)
	if !ok || r.StatusCode != http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return errors.Join(err, r.Body.Close())
	}
	answer := map[string]any{}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	answer["UnprocessedItems"] = held
	if body, err = json.Marshal(answer); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Del("X-Amz-Crc32") // it was of the engine's answer
	return nil
}
