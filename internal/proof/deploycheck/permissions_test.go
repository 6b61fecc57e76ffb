//go:build deploycheck

package deploycheck

import (
	"context"
	"fmt"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"

	"tokensync/internal/dev/samtemplate"
)

const (
	dynamoPackage = "tokensync/internal/dynamo"
	sdkServices   = "github.com/aws/aws-sdk-go-v2/service/"
)

// tableOf is the table behind each type of internal/dynamo.
var tableOf = map[string]string{
	"TokensTable": "TokensTable", "BoardTable": "BoardTable", "BoardReader": "BoardTable", "Edition": "BoardTable",
	"SyncTable": "SyncTable", "Lease": "SyncTable", "Cache": "SyncTable",
}

// wrapsAPI is the type of internal/dynamo that hands calls on to another API: whose they are, those who call it tell.
const wrapsAPI = "Meter"

// sdkInternal are operations that the SDK links for itself.
var sdkInternal = map[string]string{
	"dynamodb:DescribeEndpoints": "endpoint discovery, which is off unless a client asks for it",
}

// call is an action on a resource.
type call struct{ action, resource string }

// calls maps each to the partition keys that it is for: none of them means any.
type calls map[call]map[string]bool

func (c calls) add(action, resource string, keys ...string) {
	k := call{action, resource}
	if c[k] == nil {
		c[k] = map[string]bool{}
	}
	for _, key := range keys {
		c[k][key] = true
	}
}

// permissions compares what each function's role grants with what its binary can call, both ways.
func permissions(_ context.Context, d *deployment) ([]string, error) {
	code, err := loadSource(at{d.root, dynamoPackage})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		granted, problems := d.granted(f)
		needed, err := d.needed(f, code)
		if err != nil {
			return nil, err
		}
		out = append(append(out, problems...), compare(f.LogicalID, granted, needed)...)
	}
	slices.Sort(out)
	return out, nil
}

func compare(function string, granted, needed calls) []string {
	var out []string
	for c, keys := range needed {
		limit, ok := granted[c]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s calls %s on %s without a permission", function, c.action, c.resource))
		case len(limit) > 0 && !maps.Equal(limit, keys):
			out = append(out, fmt.Sprintf("%s may call %s on %s for the keys %v, and does for %v", function, c.action, c.resource,
				slices.Sorted(maps.Keys(limit)), slices.Sorted(maps.Keys(keys))))
		}
	}
	for c := range granted {
		if _, ok := needed[c]; !ok {
			out = append(out, fmt.Sprintf("%s may call %s on %s, which its binary never does", function, c.action, c.resource))
		}
	}
	return out
}

// managed are the policies that SAM attaches for logs and traces; each grants its actions on everything.
var managed = map[string]string{
	"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "Lambda writes the function's logs",
	"arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess":                   "Lambda writes the function's traces",
}

// granted returns the statements of a function's role, taken apart.
func (d *deployment) granted(f samtemplate.Resource) (calls, []string) {
	role, ok := d.find(f.LogicalID + "Role")
	if !ok {
		return nil, []string{f.LogicalID + " has no role of its own"}
	}
	var out []string
	for _, arn := range texts(role.Properties["ManagedPolicyArns"]) {
		if managed[arn] == "" {
			out = append(out, fmt.Sprintf("%s has the managed policy %s, which grants more than it says", f.LogicalID, arn))
		}
	}
	granted := calls{}
	for _, s := range statements(role) {
		if s["Effect"] != "Allow" {
			continue
		}
		for _, action := range texts(s["Action"]) {
			for _, resource := range texts(s["Resource"]) {
				granted.add(action, resource, leadingKeys(s)...)
			}
		}
	}
	return granted, out
}

// statements returns those of all policies that a resource holds, inline or as its own document.
func statements(r samtemplate.Resource) []map[string]any {
	out := mappings(dig(r.Properties, "PolicyDocument", "Statement"))
	for _, policy := range mappings(r.Properties["Policies"]) {
		out = append(out, mappings(dig(policy, "PolicyDocument", "Statement"))...)
	}
	return out
}

// leadingKeys returns the partition keys that a statement is limited to.
func leadingKeys(statement map[string]any) []string {
	var keys []string
	condition, _ := statement["Condition"].(map[string]any)
	for _, test := range condition {
		keys = append(keys, texts(dig(test, "dynamodb:LeadingKeys"))...)
	}
	return keys
}

// needed returns what a function's binary can call, and what Lambda does in its name.
func (d *deployment) needed(f samtemplate.Resource, code *source) (calls, error) {
	linked, err := symbols(artifact(d.root, f.LogicalID))
	if err != nil {
		return nil, err
	}
	open := operations(linked) // until something is known to be what they are called on
	needed := calls{}
	for _, method := range code.linked(linked) {
		if err := d.addTableCalls(needed, code, method); err != nil {
			return nil, err
		}
	}
	for c := range needed {
		delete(open, c.action)
	}
	if open["ssm:GetParameter"] {
		for _, name := range parameterNames(f) {
			needed.add("ssm:GetParameter", "arn:aws:ssm:us-east-1:000000000000:parameter"+name)
			delete(open, "ssm:GetParameter")
		}
	}
	for operation := range open {
		if sdkInternal[operation] == "" {
			needed.add(operation, "what this test cannot tell")
		}
	}
	for _, config := range d.of("AWS::Lambda::EventInvokeConfig") {
		if destination, ok := dig(config.Properties, "DestinationConfig", "OnFailure", "Destination").(string); ok && d.names(config, f) {
			needed.add("sqs:SendMessage", destination)
		}
	}
	return needed, nil
}

// names reports whether a resource is a function's.
func (d *deployment) names(r, f samtemplate.Resource) bool {
	return r.Properties["FunctionName"] == "tokensync-local-"+f.LogicalID
}

var clientMethod = regexp.MustCompile(`^` + sdkServices + `(\w+)\.\(\*Client\)\.([A-Z]\w+)$`)

// operations returns the actions of the SDK that are among a binary's symbols.
func operations(symbols map[string]bool) map[string]bool {
	found := map[string]bool{}
	for name := range symbols {
		if m := clientMethod.FindStringSubmatch(name); m != nil && m[2] != "Options" {
			found[m[1]+":"+m[2]] = true
		}
	}
	return found
}

// partitionKey is how the sync table's partition keys are spelled.
var partitionKey = regexp.MustCompile(`^[A-Z]+$`)

// addTableCalls adds what an exported method of a table's type asks of DynamoDB. Whatever else is exported and called is
// linked too, and counted on its own. Indexes and keys are told by the names that the method leads to.
func (d *deployment) addTableCalls(needed calls, code *source, method *types.Func) error {
	owner := receiver(method)
	if owner == "" || owner == wrapsAPI || !method.Exported() {
		return nil
	}
	reached := code.reach(method, follow)
	named := code.names(reached)
	for object := range reached {
		if receiver(object) != "API" {
			continue
		}
		table, err := d.written.Table(tableOf[owner])
		if err != nil {
			return fmt.Errorf("the table of %s: %w", code.symbol(method), err)
		}
		arn, indexed := "arn:aws:dynamodb:us-east-1:000000000000:table/"+table.Name, false
		for _, index := range table.Indexes {
			if object.Name() == "Query" && named[index.Name] {
				needed.add("dynamodb:Query", arn+"/index/"+index.Name)
				indexed = true
			}
		}
		if !indexed {
			keys := slices.DeleteFunc(slices.Collect(maps.Keys(named)), func(s string) bool { return !partitionKey.MatchString(s) })
			needed.add("dynamodb:"+object.Name(), arn, keys...)
		}
	}
	return nil
}

// follow leads through functions and unexported methods. Exported methods that are called are linked, and looked at on
// their own.
func follow(o types.Object) bool { return receiver(o) == "" || !o.Exported() }

// receiver returns the type that a method belongs to, "" for anything else.
func receiver(object types.Object) string {
	f, ok := object.(*types.Func)
	if !ok || f.Signature().Recv() == nil {
		return ""
	}
	t := f.Signature().Recv().Type()
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, ok := t.(*types.Named)
	if !ok {
		return "?"
	}
	if p := named.Obj().Pkg(); p == nil || !strings.HasPrefix(p.Path(), "tokensync/") {
		return named.String()
	}
	return named.Obj().Name()
}

// parameterNames returns the SSM parameters that a function's environment names.
func parameterNames(f samtemplate.Resource) []string {
	var names []string
	for variable, value := range environment(f) {
		if strings.HasSuffix(variable, "_PARAMETER") && value != "" {
			names = append(names, value)
		}
	}
	return names
}

// star returns why a statement may be about everything, or "". None may today.
var starReasons = map[string]string{}

// stars finds actions and resources with a star in any policy of the template, whoever it is for.
func stars(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, r := range d.resources {
		for _, s := range statements(r) {
			for _, text := range slices.Concat(texts(s["Action"]), texts(s["Resource"])) {
				if strings.Contains(text, "*") && starReasons[r.LogicalID+" "+text] == "" {
					out = append(out, fmt.Sprintf("%s: a star in %q", r.LogicalID, text))
				}
			}
			if s["NotAction"] != nil || s["NotResource"] != nil {
				out = append(out, r.LogicalID+": everything but something")
			}
		}
	}
	return out, nil
}
