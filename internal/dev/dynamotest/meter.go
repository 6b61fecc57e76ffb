package dynamotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Units are what DynamoDB charges for in on-demand mode.
type Units struct {
	Read, Write float64 // request units
}

// Meter stands before an engine and sums up the capacity that it says each request consumed, indexes included.
type Meter struct {
	*front

	mu    sync.Mutex
	units Units
}

// StartMeter serves on a free port until Close.
func StartMeter(ctx context.Context, engine string) (*Meter, error) {
	m := new(Meter)
	f, err := startFront(ctx, engine, m.read, func(engine http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { askForUnits(r); engine.ServeHTTP(w, r) }
	})
	if err != nil {
		return nil, err
	}
	m.front = f
	return m, nil
}

// Take returns what was consumed since the last call.
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
