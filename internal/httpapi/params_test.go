package httpapi

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"tokensync/internal/catalog"
)

// FuzzQuery holds the strict parser to net/url: what it accepts, net/url reads the same way; what it refuses is named.
func FuzzQuery(f *testing.F) {
	allowed := ListTokens.Routes[0].Query
	for _, seed := range []string{
		"", "&", "limit=5&sort=tvl", "q=%F0%9F%9A%80", "q=a+b", "limit=5&limit=5", "q=%00", "q=%zz", "%71=a", "=", "q", "a=b;c=d",
	} {
		f.Add(seed)
	}
	f.Add("=null")
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parseQuery(raw, allowed)
		if err != nil {
			if _, ok := errors.AsType[*catalog.ParameterError](err); !ok {
				t.Errorf("error %v is not a *ParameterError", err)
			}
			if problem := problemOf(err); problem.Status != 400 || problem.Parameter == "" || len([]rune(problem.Parameter)) > maxEcho+1 {
				t.Errorf("problem %+v", problem)
			}
			return
		}
		values, err := url.ParseQuery(raw)
		if err != nil && !slices.Contains([]byte(raw), ';') {
			t.Errorf("net/url refuses %q: %v", raw, err)
		}
		for name, value := range p {
			if !slices.Contains(allowed, name) || value == "" {
				t.Errorf("accepted %q=%q", name, value)
			}
			if err == nil && (len(values[name]) != 1 || values[name][0] != value) {
				t.Errorf("%s is %q, net/url reads %q", name, value, values[name])
			}
		}
		if _, err := p.limit(); err != nil && p["limit"] == "" {
			t.Errorf("limit without a value: %v", err)
		}
	})
}
