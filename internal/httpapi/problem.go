package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"tokensync/internal/catalog"
)

// Types of problems. Those that only repeat the status are about:blank, as RFC 9457 has it.
const (
	typeBlank        = "about:blank"
	typeBadParameter = "urn:tokensync:problem:bad-parameter"
	typeNoToken      = "urn:tokensync:problem:token-not-found"
	typeGone         = "urn:tokensync:problem:gone"
	typeUnavailable  = "urn:tokensync:problem:unavailable"
)

// retryAfter is what a client is told to wait after a 503, in seconds.
const retryAfter = 5

// maxEcho bounds what is repeated of a client's own words, in characters.
const maxEcho = 64

// Problem is an error as clients see it: RFC 9457 with the parameter at fault.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Parameter string `json:"parameter,omitempty"`
}

// statusError is an error of HTTP itself.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return http.StatusText(e.status) + ": " + e.detail }

// panicked is a panic on its way to becoming a 500.
type panicked struct {
	value any
	stack []byte
}

func (e *panicked) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// problemOf decides what a client is told; nothing else does. Nothing of an error's own text gets out, except for
// errors that were made for clients.
func problemOf(err error) Problem {
	var parameter *catalog.ParameterError
	var status *statusError
	switch {
	case errors.As(err, &parameter):
		name := cmp.Or(shorten(parameter.Name), "(no name)") // of "?=1"
		return Problem{typeBadParameter, "Bad parameter", http.StatusBadRequest, name + " " + parameter.Reason + ".", name}
	case errors.Is(err, catalog.ErrNotFound):
		return Problem{typeNoToken, "Token not found", http.StatusNotFound, "No token with this mint is known here.", ""}
	case errors.Is(err, catalog.ErrGone):
		return Problem{typeGone, "Too long ago", http.StatusGone, "What changed since this version is not known any more: read the lists again.", "since"}
	case errors.Is(err, catalog.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Problem{
			typeUnavailable, "Temporarily unavailable", http.StatusServiceUnavailable,
			"The data cannot be read at the moment. Try again later.", "",
		}
	case errors.As(err, &status):
		return Problem{typeBlank, http.StatusText(status.status), status.status, status.detail, ""}
	}
	return Problem{
		typeBlank, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError,
		"Something went wrong here. It has been logged.", "",
	}
}

// shorten makes a client's text fit to be repeated.
func shorten(s string) string {
	r := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(r) > maxEcho {
		return string(r[:maxEcho]) + "…"
	}
	return string(r)
}

// wrap turns the errors and panics of a handler into problems, and logs those that are not the client's.
func (a *API) wrap(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protect(handle, w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// protect turns a panic into an error. Handlers write only whole answers, so nothing is on its way yet.
func protect(handle func(http.ResponseWriter, *http.Request) error, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return handle(w, r)
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		attrs := []any{"method", r.Method, "path", r.URL.Path, "status", p.Status, "error", err.Error()}
		if panicked, ok := errors.AsType[*panicked](err); ok {
			attrs = append(attrs, "stack", string(panicked.stack))
		}
		a.log.ErrorContext(r.Context(), "request failed", attrs...)
	}
	writeProblem(w, p)
}

// InternalError writes a 500 without a reason, for faults that no handler of an API caught.
func InternalError(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problemOf(errors.New("not for clients")))
}

// writeProblem answers p.
func writeProblem(w http.ResponseWriter, p Problem) {
	body, _ := json.Marshal(p)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", noStore)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client may have gone
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &statusError{http.StatusNotFound, "There is no such path; /v1/openapi.json lists them."}
}

// wrongMethod answers every method of a path but those that it takes. CORS preflights are the gateway's and do not come
// this far.
func wrongMethod(methods []string) func(http.ResponseWriter, *http.Request) error {
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	allowed := strings.Join(append(methods, http.MethodOptions), ", ")
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allowed)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return &statusError{http.StatusMethodNotAllowed, "This path takes " + allowed + "."}
	}
}

func isClean(p string) bool {
	return strings.HasPrefix(p, "/") && (path.Clean(p) == p || path.Clean(p)+"/" == p)
}
