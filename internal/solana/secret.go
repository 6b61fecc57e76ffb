package solana

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"tokensync/internal/upstream"
)

// minSecret is the shortest part of a URL that is taken for a key.
const minSecret = 4

// secrets hides the RPC URL and its parts in texts. Providers put the key into the path, the query, the user or the
// host's name, so all of them are hidden.
type secrets struct{ replacer *strings.Replacer }

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
	slices.SortFunc(parts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, part := range slices.Compact(parts) {
		if len(part) >= minSecret {
			pairs = append(pairs, part, "…")
		}
	}
	return secrets{strings.NewReplacer(pairs...)}
}

// concealed is an error without secrets. It unwraps to its kind only, never to the error that it hides.
type concealed struct {
	text string
	kind error
}

func (e *concealed) Error() string { return e.text }
func (e *concealed) Unwrap() error { return e.kind }

func (s secrets) conceal(err error) error {
	err = upstream.WithoutURL(err)
	return &concealed{text: s.replacer.Replace(err.Error()), kind: s.kind(err)}
}

// kind is what somebody may decide by.
func (s secrets) kind(err error) error {
	var status *upstream.StatusError
	var rpc *RPCError
	switch {
	case errors.As(err, &status):
		return &upstream.StatusError{
			Code: status.Code, RetryAfter: status.RetryAfter, Detail: s.replacer.Replace(status.Detail),
		}
	case errors.As(err, &rpc):
		return &RPCError{Code: rpc.Code, Message: s.replacer.Replace(rpc.Message)}
	}
	for _, kind := range []error{upstream.ErrMalformed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return nil
}
