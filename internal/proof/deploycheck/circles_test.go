//go:build deploycheck

package deploycheck

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// circles finds resources that wait for each other, which CloudFormation refuses only once it has everything. cfn-lint does
// not look into the UpdatePolicy, through which an alias waits for the alarms of its deployment.
func circles(_ context.Context, d *deployment) ([]string, error) {
	var template struct{ Resources map[string]any }
	if err := json.Unmarshal(d.translated, &template); err != nil {
		return nil, err
	}
	waits := map[string][]string{}
	for id, resource := range template.Resources {
		found := map[string]bool{}
		references(resource, found)
		for other := range found {
			if _, ok := template.Resources[other]; ok {
				waits[id] = append(waits[id], other)
			}
		}
		slices.Sort(waits[id])
	}
	done := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(waits)) {
		if circle := walk(id, waits, done, nil); circle != nil {
			return []string{"these wait for each other: " + strings.Join(circle, " → ")}, nil
		}
	}
	return nil, nil
}

// walk goes depth first and returns the way that leads back to where it has been.
func walk(id string, waits map[string][]string, done map[string]bool, way []string) []string {
	if i := slices.Index(way, id); i >= 0 {
		return append(way[i:], id)
	}
	if done[id] {
		return nil
	}
	for _, other := range waits[id] {
		if circle := walk(other, waits, done, append(slices.Clip(way), id)); circle != nil {
			return circle
		}
	}
	done[id] = true
	return nil
}

var substitution = regexp.MustCompile(`\$\{(\w+)`)

// references are the names behind Ref, Fn::GetAtt, Fn::Sub and DependsOn.
func references(value any, found map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			references(item, found)
		}
	case map[string]any:
		for name, item := range value {
			switch name {
			case "Ref", "DependsOn":
				for _, text := range texts(item) {
					found[text] = true
				}
			case "Fn::GetAtt":
				logicalID, _, _ := strings.Cut(texts(item)[0], ".")
				found[logicalID] = true
			case "Fn::Sub":
				for _, m := range substitution.FindAllStringSubmatch(fmt.Sprint(item), -1) {
					found[m[1]] = true
				}
			}
			references(item, found)
		}
	}
}
