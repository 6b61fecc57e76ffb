package repotest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tokensync/internal/dev/samtemplate"
)

var update = flag.Bool("update", false, "write the golden copies anew")

// released is the last release, whose stacks have to become what the template describes now.
const released = "1.0.0"

// oldIndexes are the values of OldTokenIndexes, in the order in which a stack of the last release is deployed with them.
var oldIndexes = []int{6, 5, 4, 3, 2, 1, 0}

// A layout is what of a table cannot be changed at will.
type layout struct {
	Attributes map[string]string            // types of the key attributes by name
	Keys       []samtemplate.Key            // of the table
	Indexes    map[string]samtemplate.Index `json:",omitempty"`
}

// layouts returns those of a template's tables, by logical ID.
func layouts(t *testing.T, path string, parameters map[string]string) map[string]layout {
	t.Helper()
	template, err := samtemplate.Load(filepath.Join(root(t), path), samtemplate.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]layout{}
	for _, table := range template.Tables {
		l := layout{Attributes: map[string]string{}, Keys: table.Keys, Indexes: map[string]samtemplate.Index{}}
		for _, a := range table.Attributes {
			l.Attributes[a.Name] = a.Type
		}
		for _, index := range table.Indexes {
			l.Indexes[index.Name] = index
		}
		out[table.LogicalID] = l
	}
	return out
}

// TestTablesAreAsRecorded holds the tables of the last release and of this one to their golden copies: whoever changes a key
// or an index sees what a standing stack has to become.
func TestTablesAreAsRecorded(t *testing.T) {
	t.Parallel()
	for name, got := range map[string]map[string]layout{
		"tables-" + released: layouts(t, "internal/proof/deploycheck/testdata/template-"+released+".yaml", map[string]string{"LaunchpadId": "any"}),
		"tables":             layouts(t, "template.yaml", nil),
	} {
		path := filepath.Join("testdata", name+".json")
		if *update {
			text, err := json.MarshalIndent(got, "", "  ")
			if err == nil {
				err = os.WriteFile(path, append(text, '\n'), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]layout
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-recorded +template):\n%s", name, diff)
		}
	}
}

// TestTablesCanBeUpgraded walks a stack of the last release to this one, as docs/deploy.md says: CloudFormation does each
// step.
func TestTablesCanBeUpgraded(t *testing.T) {
	t.Parallel()
	stands := layouts(t, "internal/proof/deploycheck/testdata/template-"+released+".yaml", map[string]string{"LaunchpadId": "any"})
	for _, n := range oldIndexes {
		next := layouts(t, "template.yaml", map[string]string{"OldTokenIndexes": strconv.Itoa(n)})
		for _, problem := range upgrade(stands, next) {
			t.Errorf("OldTokenIndexes=%d: %s", n, problem)
		}
		stands = next
	}
	if diff := cmp.Diff(layouts(t, "template.yaml", nil), stands, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a new stack has other tables than one that was upgraded (-new +upgraded):\n%s", diff)
	}
}

// upgrade returns what CloudFormation refuses of a change of tables, or does by replacing one with all its items.
func upgrade(before, after map[string]layout) []string {
	var out []string
	for id, was := range before {
		is, ok := after[id]
		if !ok {
			out = append(out, id+" is deleted with its items")
			continue
		}
		if !cmp.Equal(was.Keys, is.Keys) {
			out = append(out, id+" has other keys: it would be replaced by an empty table, which needs a logical ID of its own")
		}
		for name, kind := range was.Attributes {
			if now := is.Attributes[name]; now != "" && now != kind {
				out = append(out, fmt.Sprintf("%s: %s has another type: the table would be replaced by an empty one", id, name))
			}
		}
		out = append(out, changes(id, was.Indexes, is.Indexes)...)
	}
	return out
}

// changes compares a table's indexes: an update creates or deletes one of them, and changes none.
func changes(id string, was, is map[string]samtemplate.Index) []string {
	var out, changed []string
	for name, index := range was {
		now, ok := is[name]
		if !ok {
			changed = append(changed, name)
		} else if !cmp.Equal(index, now) {
			out = append(out, fmt.Sprintf("%s: the index %s is another: it needs a new name", id, name))
		}
	}
	for name := range is {
		if _, ok := was[name]; !ok {
			changed = append(changed, name)
		}
	}
	if len(changed) > 1 {
		out = append(out, fmt.Sprintf("%s: %d indexes are created or deleted at once", id, len(changed)))
	}
	return out
}

// TestUpgradeIsStrict shows what the walk would find.
func TestUpgradeIsStrict(t *testing.T) {
	t.Parallel()
	index := func(name, projection string) samtemplate.Index {
		return samtemplate.Index{Name: name, Keys: []samtemplate.Key{{Name: "a", Type: "HASH"}}, Projection: projection}
	}
	table := func(key, kind string, indexes ...samtemplate.Index) map[string]layout {
		l := layout{Attributes: map[string]string{key: kind}, Keys: []samtemplate.Key{{Name: key, Type: "HASH"}}, Indexes: map[string]samtemplate.Index{}}
		for _, i := range indexes {
			l.Indexes[i.Name] = i
		}
		return map[string]layout{"Table": l}
	}
	stands := table("id", "S", index("one", "ALL"), index("two", "ALL"))
	for name, tt := range map[string]struct {
		next map[string]layout
		want string
	}{
		"the same":             {stands, ""},
		"one index more":       {table("id", "S", index("one", "ALL"), index("two", "ALL"), index("three", "ALL")), ""},
		"one index less":       {table("id", "S", index("two", "ALL")), ""},
		"a table of its own":   {map[string]layout{"Table": stands["Table"], "Other": stands["Table"]}, ""},
		"two indexes less":     {table("id", "S"), "Table: 2 indexes are created or deleted at once"},
		"one for the other":    {table("id", "S", index("one", "ALL"), index("three", "ALL")), "Table: 2 indexes are created or deleted at once"},
		"another projection":   {table("id", "S", index("one", "KEYS_ONLY"), index("two", "ALL")), "Table: the index one is another"},
		"another key":          {table("pk", "S", index("one", "ALL"), index("two", "ALL")), "Table has other keys"},
		"another type of key":  {table("id", "N", index("one", "ALL"), index("two", "ALL")), "Table: id has another type"},
		"the table is deleted": {map[string]layout{}, "Table is deleted"},
	} {
		got := strings.Join(upgrade(stands, tt.next), "\n")
		if (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
