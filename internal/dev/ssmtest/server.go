// Package ssmtest is a Parameter Store that speaks the AWS JSON 1.1 protocol, for local runs and tests.
package ssmtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"tokensync/internal/dev/serve"
)

const (
	contentType      = "application/x-amz-json-1.1"
	maxRequestBytes  = 1 << 20
	maxGetParameters = 10 // GetParameters' limit
)

// Types of a parameter.
const (
	String       = "String"
	StringList   = "StringList"
	SecureString = "SecureString"
)

// Parameter is a stored value. Unlike AWS, the empty value is allowed: it is what tests of the guard need.
type Parameter struct{ Type, Value string }

// Fault describes how every response goes wrong. The zero value means no fault.
type Fault struct {
	// Status is the HTTP status of the response: 400 for a throttle, 500 and above for a server fault.
	Status int
	// Type is the type of the error, by default ThrottlingException or InternalServerError.
	Type string
	// Delay comes before every response.
	Delay time.Duration
}

// Server is the Parameter Store. It is safe for concurrent use.
type Server struct {
	*serve.Server
	// closing ends delayed responses.
	closing chan struct{}
	once    sync.Once

	mu         sync.Mutex
	parameters map[string]stored
	fault      Fault
	requests   int
}

type stored struct {
	Parameter
	version  int
	modified time.Time
}

// Start listens on a free port of 127.0.0.1.
func Start(ctx context.Context) (*Server, error) {
	s := &Server{parameters: map[string]stored{}, closing: make(chan struct{})}
	var err error
	if s.Server, err = serve.Start(ctx, serve.Local, http.HandlerFunc(s.serve)); err != nil {
		return nil, fmt.Errorf("start the Parameter Store: %w", err)
	}
	return s, nil
}

// Close stops serving.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.closing) })
	return s.Server.Close()
}

// Set creates or replaces a parameter.
func (s *Server) Set(name string, p Parameter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parameters[name] = stored{Parameter: p, version: s.parameters[name].version + 1, modified: time.Now()}
}

// Delete removes a parameter.
func (s *Server) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.parameters, name)
}

// SetFault makes every following response go wrong, until it is set to the zero value.
func (s *Server) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests returns the number of requests so far, including those with a faulty response.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault, id := s.fault, s.requests
	s.mu.Unlock()
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", fmt.Sprintf("00000000-0000-0000-0000-%012d", id))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		writeError(w, http.StatusBadRequest, "SerializationException", err.Error())
		return
	}
	if s.misbehave(w, r, fault) {
		return
	}
	switch operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."); {
	case r.Method != http.MethodPost:
		writeError(w, http.StatusNotFound, "UnknownOperationException", "")
	case operation == "GetParameter":
		s.getParameter(w, body)
	case operation == "GetParameters":
		s.getParameters(w, body)
	default:
		writeError(w, http.StatusBadRequest, "UnknownOperationException", "")
	}
}

// misbehave reports whether the fault was the response.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	if fault.Delay > 0 {
		select {
		case <-time.After(fault.Delay):
		case <-r.Context().Done():
		case <-s.closing:
		}
	}
	if fault.Status == 0 {
		return false
	}
	kind := fault.Type
	if kind == "" && fault.Status < http.StatusInternalServerError {
		kind = "ThrottlingException"
	} else if kind == "" {
		kind = "InternalServerError"
	}
	writeError(w, fault.Status, kind, "switched on in the local stack")
	return true
}

func (s *Server) getParameter(w http.ResponseWriter, body []byte) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if err := json.Unmarshal(body, &in); err != nil {
		writeError(w, http.StatusBadRequest, "SerializationException", err.Error())
		return
	}
	p, ok := s.find(in.Name)
	if !ok {
		writeError(w, http.StatusBadRequest, "ParameterNotFound", "")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"Parameter": view(in.Name, p, in.WithDecryption)})
}

func (s *Server) getParameters(w http.ResponseWriter, body []byte) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := json.Unmarshal(body, &in); err != nil {
		writeError(w, http.StatusBadRequest, "SerializationException", err.Error())
		return
	}
	if len(in.Names) == 0 || len(in.Names) > maxGetParameters {
		writeError(w, http.StatusBadRequest, "ValidationException", "names must have 1 to 10 members")
		return
	}
	found, invalid := []any{}, []string{}
	for _, name := range in.Names {
		if p, ok := s.find(name); ok {
			found = append(found, view(name, p, in.WithDecryption))
		} else {
			invalid = append(invalid, name)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"Parameters": found, "InvalidParameters": invalid})
}

// find returns the parameter of a name, or of an ARN that ends with one.
func (s *Server) find(name string) (stored, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.parameters[plainName(name)]
	return p, ok
}

func plainName(name string) string {
	if strings.HasPrefix(name, "arn:") {
		_, rest, _ := strings.Cut(name, ":parameter/")
		return "/" + rest
	}
	return name
}

func view(name string, p stored, decrypt bool) map[string]any {
	value := p.Value
	if p.Type == SecureString && !decrypt {
		value = "AQICAHh" + base64.StdEncoding.EncodeToString([]byte(value)) // unreadable, as from AWS
	}
	name = plainName(name)
	return map[string]any{
		"ARN":      "arn:aws:ssm:us-east-1:000000000000:parameter/" + strings.TrimPrefix(name, "/"),
		"DataType": "text", "LastModifiedDate": float64(p.modified.UnixMilli()) / 1000,
		"Name": name, "Type": p.Type, "Value": value, "Version": p.version,
	}
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	body := map[string]string{"__type": kind}
	if message != "" {
		body["message"] = message
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone; nobody is left to tell
}
