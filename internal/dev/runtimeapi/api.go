package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	version         = "/2018-06-01/runtime"
	maxErrorBytes   = 256 << 10
	errorTypeHeader = "Lambda-Runtime-Function-Error-Type"
	errorBodyHeader = "Lambda-Runtime-Function-Error-Body"
)

// routes serves the Runtime API's four operations, as AWS documents them.
func (s *sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"/invocation/next", s.next)
	mux.HandleFunc("POST "+version+"/invocation/{id}/response", s.response)
	mux.HandleFunc("POST "+version+"/invocation/{id}/error", s.failure)
	mux.HandleFunc("POST "+version+"/init/error", s.initFailure)
	return mux
}

// next responds when there is work. The first poll ends the init phase.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if !s.polled {
		s.polled = true
		s.ready <- time.Now()
	}
	s.mu.Unlock()
	var inv *invocation
	select {
	case inv = <-s.work:
	case <-r.Context().Done():
		return
	}
	s.mu.Lock()
	s.current = inv
	s.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", (&Function{config: s.config}).ARN())
	h.Set("Lambda-Runtime-Trace-Id", traceID(inv.id))
	_, _ = w.Write(inv.payload)
}

// traceID returns an unsampled trace: there is no X-Ray here.
func traceID(id string) string {
	hex := strings.ReplaceAll(id, "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), hex[:24], hex[16:])
}

func (s *sandbox) response(w http.ResponseWriter, r *http.Request) {
	inv := s.claim(w, r)
	if inv == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		failure := &FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload),
		}
		inv.outcome <- outcome{payload: failure.payload(), failure: failure}
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", failure.Message)
		return
	case err != nil:
		return // the child broke off; its end is noticed elsewhere
	}
	answer := outcome{payload: body}
	if failure, said := trailerError(r.Trailer); failure != nil {
		answer = outcome{payload: said, failure: failure}
	}
	inv.outcome <- answer
	accept(w)
}

// trailerError returns a failure while the response was being written, which the trailers report.
func trailerError(trailer http.Header) (*FunctionError, []byte) {
	kind := trailer.Get(errorTypeHeader)
	if kind == "" {
		return nil, nil
	}
	body, err := base64.StdEncoding.DecodeString(trailer.Get(errorBodyHeader))
	if err != nil {
		body = nil
	}
	return parseError(body, kind), body
}

func (s *sandbox) failure(w http.ResponseWriter, r *http.Request) {
	inv := s.claim(w, r)
	if inv == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxErrorBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", err.Error())
		body = nil
	}
	inv.outcome <- outcome{payload: body, failure: parseError(body, r.Header.Get(errorTypeHeader))}
	accept(w)
}

func (s *sandbox) initFailure(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxErrorBytes))
	if err != nil {
		body = nil
	}
	s.mu.Lock()
	polled := s.polled
	s.mu.Unlock()
	if polled {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the init phase is over")
		return
	}
	select {
	case s.initFailed <- parseError(body, r.Header.Get(errorTypeHeader)):
	default: // only the first one counts
	}
	accept(w)
}

// claim returns the invocation that the request answers, or nil if it refused the request.
func (s *sandbox) claim(w http.ResponseWriter, r *http.Request) *invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	inv := s.current
	if inv == nil || inv.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no invocation with this ID is under way")
		return nil
	}
	s.current = nil
	return inv
}

// parseError parses the documented error body; a function may also send anything else.
func parseError(body []byte, fallbackType string) *FunctionError {
	var e FunctionError
	if json.Unmarshal(body, &e) != nil {
		e = FunctionError{Message: string(body)}
	}
	if e.Type == "" {
		e.Type = fallbackType
	}
	return &e
}

func accept(w http.ResponseWriter) { reply(w, http.StatusAccepted, map[string]string{"status": "OK"}) }

func refuse(w http.ResponseWriter, status int, kind, message string) {
	reply(w, status, FunctionError{Type: kind, Message: message})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
