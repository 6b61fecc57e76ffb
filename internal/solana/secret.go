package solana

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"tokensync/internal/upstream"
)

// What is hidden of a URL, and how much of it is shown.
const (
	minSecret = 4   // the shortest part of a URL that is taken for a key, and of a key's beginning at a text's end
	minBegun  = 6   // the shortest beginning of one elsewhere
	maxShown  = 256 // runes of a node's text in a debug log
	hidden    = "…"
)

// secrets hides the RPC URL and its parts in texts. Providers put the key into the path, the query, the user or the
// host's name, so all of them are hidden, in any case. They are in lower case, the longest first.
type secrets []string

func newSecrets(text string, u *url.URL) secrets {
	parts := []string{text, u.String(), u.Host, u.Hostname(), u.RequestURI(), u.RawQuery}
	parts = append(parts, strings.Split(u.EscapedPath(), "/")...)
	parts = append(parts, strings.Split(u.Path, "/")...)
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		parts = append(parts, pair, value)
	}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		parts = append(parts, u.User.String(), u.User.Username(), password)
	}
	for i := range parts {
		parts[i] = lower(parts[i])
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(parts)
}

// lower folds a text's ASCII letters only, so that its length stays.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// conceal hides the secrets in a node's text, then cuts it. Beginnings of secrets are hidden too: the text may have been
// cut before.
func (s secrets) conceal(text string) string {
	text = printable(text)
	folded := lower(text)
	var shown strings.Builder
	for i := 0; i < len(text); {
		if n := s.begun(folded[i:]); n > 0 {
			shown.WriteString(hidden)
			i += n
			continue
		}
		shown.WriteByte(text[i])
		i++
	}
	if runes := []rune(shown.String()); len(runes) > maxShown {
		return string(runes[:maxShown]) + hidden
	}
	return shown.String()
}

// begun returns how many bytes at a text's beginning are a secret or begin one.
func (s secrets) begun(folded string) (longest int) {
	for _, secret := range s {
		n := 0
		for n < min(len(secret), len(folded)) && secret[n] == folded[n] {
			n++
		}
		if n == len(secret) || n >= minBegun || n >= minSecret && n == len(folded) {
			longest = max(longest, n)
		}
	}
	return longest
}

// printable drops what is invisible, which could stand inside a secret.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
}

// shown is an error in our own words. It unwraps to its kind only, never to the error that it stands for: that one may
// hold what the node wrote.
type shown struct {
	text string
	kind error
}

func (e *shown) Error() string { return e.text }
func (e *shown) Unwrap() error { return e.kind }

// inOwnWords returns err without a word of the node's.
func inOwnWords(err error) error {
	if status, ok := errors.AsType[*upstream.StatusError](err); ok {
		kind := &upstream.StatusError{Code: status.Code, RetryAfter: status.RetryAfter, Detail: statusDetail(status.Code)}
		return &shown{kind.Error(), kind}
	}
	if rpc, ok := errors.AsType[*RPCError](err); ok {
		return &shown{rpc.Error(), rpc}
	}
	if m, ok := errors.AsType[malformed](err); ok {
		return &shown{m.Error(), m}
	}
	for _, kind := range []error{upstream.ErrMalformed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return &shown{kind.Error(), kind}
		}
	}
	return &shown{lineTrouble(err), nil}
}

// statusDetail explains a status whose own name does not.
func statusDetail(code int) string {
	switch code {
	case http.StatusPaymentRequired:
		return string(plan)
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the node does not take the key in its URL"
	}
	return ""
}

// lineTrouble names what is wrong with the line to a node.
func lineTrouble(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return "the node's name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the node refuses the connection"
	case errors.As(err, &certificate):
		return "the node's certificate is not valid"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the node does not answer in time"
	case errors.As(err, &op):
		return "the line to the node broke"
	}
	return "the node's answer broke off"
}
