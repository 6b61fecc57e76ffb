//go:build deploycheck

package deploycheck

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tokensync/internal/dev/samtemplate"
)

// maxDescription is Lambda's limit for the description of a version.
const maxDescription = 256

// unpublished are properties of a function that are not part of its versions.
var unpublished = []string{"ReservedConcurrentExecutions", "Tags"}

// others are values of parameters that have no list of values to choose from: another one, and the longest.
var others = map[string][2]string{
	"LaunchpadIdParameter":  {"/other", "/" + strings.Repeat("x", 63)},
	"AdminTokenParameter":   {"/other", "/" + strings.Repeat("x", 63)},
	"SolanaRpcUrlParameter": {"/other", ""}, "ListingRulesParameter": {"/other", ""}, "MeteoraUserAgent": {"other", ""},
	"MetadataGateways": {"https://ipfs.example/ipfs/", ""}, "ArweaveGateways": {"https://ar.example/", ""},
	"MeteoraProducts": {"dlmm,damm-v1", ""}, "QuoteMints": {"So11111111111111111111111111111111111111112", ""},
	"FullSyncSchedule": {"rate(2 hours)", ""}, "AlarmEmail": {"other@example.com", ""}, "CorsAllowedOrigins": {"https://example.com", ""},
}

// versions makes sure that a deployment which changes a parameter publishes a version of each function that uses it, for
// callers ask the alias, and of no other: Lambda refuses a version that would be as the one before. CloudFormation
// replaces a version when its description is another.
func versions(ctx context.Context, d *deployment) ([]string, error) {
	parameters, err := d.parameters()
	if err != nil {
		return nil, err
	}
	base := maps.Clone(everything)
	base["SyncSchedule"] = "5m" // with which every other parameter may have any value
	names, sets, longest := slices.Sorted(maps.Keys(parameters)), []map[string]string{base}, maps.Clone(base)
	for _, name := range names {
		other, long := parameters[name].values(name, base[name])
		if longest[name] = long; other == "" {
			return []string{"the test knows no other value of " + name}, nil
		}
		set := maps.Clone(base)
		set[name] = other
		sets = append(sets, set)
	}
	longest["WatchSeconds"] = "0" // a rule keeps another from the longest schedule
	bounded := maps.Clone(longest)
	maps.DeleteFunc(bounded, func(_, value string) bool { return value == "" })
	all, err := d.publish(ctx, append(sets, bounded))
	if err != nil {
		return nil, err
	}
	var out []string
	for i, name := range names {
		out = append(out, compareVersions(name, all[0], all[i+1])...)
	}
	out = append(out, lengths(all[len(all)-1], bounded, names)...)
	slices.Sort(out)
	return out, nil
}

// published is what a version of a function holds, how it is described, and what its description refers to.
type published struct {
	properties  map[string]any
	description string
	refers      map[string]bool
}

// publish returns the functions that have versions, by name, for each set of parameters.
func (d *deployment) publish(ctx context.Context, sets []map[string]string) ([]map[string]published, error) {
	translated, err := d.translate(ctx, sets...)
	if err != nil {
		return nil, err
	}
	var out []map[string]published
	for i, text := range translated {
		template, err := samtemplate.Parse(text, samtemplate.Options{Parameters: sets[i]})
		if err != nil {
			return nil, err
		}
		resources, err := template.Resources()
		if err != nil {
			return nil, err
		}
		var written struct{ Resources map[string]any }
		if err := json.Unmarshal(text, &written); err != nil {
			return nil, err
		}
		out = append(out, publishedBy(resources, written.Resources))
	}
	return out, nil
}

func publishedBy(resources []samtemplate.Resource, written map[string]any) map[string]published {
	out := map[string]published{}
	for _, version := range resources {
		if version.Type != "AWS::Lambda::Version" {
			continue
		}
		refers := map[string]bool{}
		references(dig(written[version.LogicalID], "Properties", "Description"), refers)
		for _, f := range resources {
			if f.Type == "AWS::Lambda::Function" && version.Properties["FunctionName"] == "tokensync-local-"+f.LogicalID {
				maps.DeleteFunc(f.Properties, func(name string, _ any) bool { return slices.Contains(unpublished, name) })
				out[f.LogicalID] = published{f.Properties, fmt.Sprint(version.Properties["Description"]), refers}
			}
		}
	}
	return out
}

// lengths finds descriptions that could become too long for Lambda.
func lengths(functions map[string]published, bounded map[string]string, names []string) []string {
	var out []string
	for function, p := range functions {
		if n := utf8.RuneCountInString(p.description); n > maxDescription {
			out = append(out, fmt.Sprintf("%s: the description of a version has up to %d characters, and may have %d", function, n, maxDescription))
		}
		for _, name := range names {
			if p.refers[name] && bounded[name] == "" {
				out = append(out, fmt.Sprintf("%s: %s in a version's description may be of any length", function, name))
			}
		}
	}
	return out
}

func compareVersions(parameter string, before, after map[string]published) []string {
	var out []string
	for function, was := range before {
		is := after[function]
		switch changed := !reflect.DeepEqual(was.properties, is.properties); {
		case changed && was.description == is.description:
			out = append(out, fmt.Sprintf("%s: another %s publishes no version", function, parameter))
		case !changed && was.description != is.description:
			out = append(out, fmt.Sprintf("%s: another %s publishes a version as the one before, which Lambda refuses", function, parameter))
		}
	}
	return out
}

// parameter is what the template says of one.
type parameter struct {
	Type     string   `yaml:"Type"`
	Default  string   `yaml:"Default"`
	MaxValue string   `yaml:"MaxValue"`
	Allowed  []string `yaml:"AllowedValues"`
}

// parameters returns the template's, by name.
func (d *deployment) parameters() (map[string]parameter, error) {
	text, err := os.ReadFile(d.path)
	if err != nil {
		return nil, err
	}
	var template struct {
		Parameters map[string]parameter `yaml:"Parameters"`
	}
	err = yaml.Unmarshal(text, &template)
	return template.Parameters, err
}

// values returns a value other than now or the default, and the longest; "" if there is none.
func (p parameter) values(name, now string) (other, longest string) {
	now = cmp.Or(now, p.Default)
	switch {
	case len(p.Allowed) > 0:
		i := slices.IndexFunc(p.Allowed, func(v string) bool { return v != now })
		byLength := func(a, b string) int { return len(a) - len(b) }
		return p.Allowed[i], slices.MaxFunc(p.Allowed, byLength)
	case p.Type == "Number":
		n, _ := strconv.Atoi(now) // CloudFormation refuses one that is not a number
		return strconv.Itoa(n ^ 1), p.MaxValue
	}
	return others[name][0], others[name][1]
}
