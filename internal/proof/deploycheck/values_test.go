//go:build deploycheck

package deploycheck

import (
	"fmt"
	"sync"

	"tokensync/internal/dev/samtemplate"
)

// dig follows names into nested mappings; nil where one is missing.
func dig(value any, names ...string) any {
	for _, name := range names {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[name]
	}
	return value
}

// memo computes each value once: our code and binaries are the same whatever a copy of the template is broken in.
func memo[K comparable, V any](compute func(K) (V, error)) func(K) (V, error) {
	var values sync.Map
	return func(key K) (V, error) {
		once, _ := values.LoadOrStore(key, sync.OnceValues(func() (V, error) { return compute(key) }))
		return once.(func() (V, error))()
	}
}

// texts reads a list of texts, or the single one that policies allow instead.
func texts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, item := range value {
			out = append(out, fmt.Sprint(item))
		}
		return out
	}
	return []string{fmt.Sprint(value)}
}

// mappings reads a list of mappings, or a single one.
func mappings(value any) []map[string]any {
	switch value := value.(type) {
	case map[string]any:
		return []map[string]any{value}
	case []any:
		var out []map[string]any
		for _, item := range value {
			if m, ok := item.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

// number reads a property that CloudFormation takes as a number or as its text.
func number(value any) float64 {
	var n float64
	_, _ = fmt.Sscan(fmt.Sprint(value), &n) // what is not a number is 0, which every check refuses
	return n
}

// environment returns a function's variables.
func environment(f samtemplate.Resource) map[string]string {
	out := map[string]string{}
	variables, _ := dig(f.Properties, "Environment", "Variables").(map[string]any)
	for name, value := range variables {
		out[name] = fmt.Sprint(value)
	}
	return out
}
