package samtemplate

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// properties is a resolved mapping; reading what is not there gives zero values.
type properties map[string]any

func (p properties) text(name string) string { return text(p[name]) }

func (p properties) sub(name string) properties {
	m, _ := p[name].(map[string]any)
	return m
}

// list returns the mappings of a list; other entries are left out.
func (p properties) list(name string) []properties {
	entries, _ := p[name].([]any)
	var out []properties
	for _, entry := range entries {
		if m, ok := entry.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// texts reads a list of texts, or the single text that many properties allow instead.
func (p properties) texts(name string) []string {
	switch value := p[name].(type) {
	case nil:
		return nil
	case []any:
		return texts(value)
	default:
		return []string{text(value)}
	}
}

// number reads a number that is at least least.
func (p properties) number(name string, least, fallback int) (int, error) {
	if p[name] == nil {
		return fallback, nil
	}
	n, err := strconv.Atoi(p.text(name))
	if err != nil || n < least {
		return 0, fmt.Errorf("%s: %q is not a number from %d", name, p.text(name), least)
	}
	return n, nil
}

func (p properties) keys() []Key {
	var keys []Key
	for _, k := range p.list("KeySchema") {
		keys = append(keys, Key{k.text("AttributeName"), k.text("KeyType")})
	}
	return keys
}

func scalar(node *yaml.Node) string {
	if node == nil {
		return ""
	}
	return node.Value
}
