package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tokensync/internal/catalog"
	"tokensync/internal/datapi"
)

// maxQuery bounds a query string, in bytes; 100 mints with escaped commas take 4.7 KB.
const maxQuery = 8 << 10

// params are a request's query parameters, each given once and not empty, and its body if the route takes one.
type params map[string]string

// posted is the parameter that holds the body. No query can name it.
const posted = "\x00body"

// readBody reads the JSON that a client posts.
func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != contentJSON {
		return "", &statusError{http.StatusUnsupportedMediaType, "The body has to be " + contentJSON + "."}
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, datapi.MaxBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return "", bad("body", "has more than %d bytes", datapi.MaxBody)
	}
	return string(text), err
}

// parseQuery takes parameters apart without forgiving anything: a misspelt one that is ignored would be a wrong answer
// that looks right. Its error is a *catalog.ParameterError.
func parseQuery(raw string, allowed []string) (params, error) {
	if len(raw) > maxQuery {
		return nil, bad(longest(raw), "makes the query string longer than %d bytes", maxQuery)
	}
	p := params{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !slices.Contains(allowed, name) {
			return nil, bad(unescaped(rawName), "is not a parameter of this route%s", listed(allowed))
		}
		value, err := url.QueryUnescape(rawValue)
		switch _, repeated := p[name]; {
		case err != nil || !utf8.ValidString(value):
			return nil, bad(name, "is not percent-encoded UTF-8")
		case repeated:
			return nil, bad(name, "is given more than once")
		case value == "":
			return nil, bad(name, "is empty")
		}
		p[name] = value
	}
	return p, nil
}

func listed(allowed []string) string {
	if len(allowed) == 0 {
		return ", which takes none"
	}
	return "; there are " + strings.Join(allowed, ", ")
}

// longest returns the name of the parameter that takes most of an overlong query string.
func longest(raw string) string {
	var most string
	for pair := range strings.SplitSeq(raw, "&") {
		if len(pair) > len(most) {
			most = pair
		}
	}
	name, _, _ := strings.Cut(most, "=")
	return unescaped(name)
}

func unescaped(name string) string {
	if s, err := url.QueryUnescape(name); err == nil {
		return s
	}
	return name
}

func bad(name, format string, args ...any) error {
	return &catalog.ParameterError{Name: name, Reason: fmt.Sprintf(format, args...)}
}

// canonical returns the same for two requests that ask for the same.
func (p params) canonical() string {
	values := make(url.Values, len(p))
	for name, value := range p {
		values.Set(name, value)
	}
	return values.Encode()
}

// value returns a parameter, "" when it is not given.
func (p params) value(name string) string { return p[name] }

// limit reads a plain decimal number; 0 when it is not given.
func (p params) limit() (int, error) {
	s, given := p["limit"]
	if !given {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < 1 || n > catalog.MaxLimit {
		return 0, bad("limit", "is not a whole number from 1 to %d", catalog.MaxLimit)
	}
	return n, nil
}

// one returns the parameter as the only item of a list; nil when it is not given.
func (p params) one(name string) []string {
	if v, given := p[name]; given {
		return []string{v}
	}
	return nil
}
