// Package samtemplate reads a SAM template the way CloudFormation would resolve it, as far as a local stack and tests need.
package samtemplate

import (
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"
)

// Options choose what a deployment would have chosen. The zero value means the template's defaults.
type Options struct {
	// StackName is AWS::StackName; "tokensync-local" when empty.
	StackName string
	// Parameters are values of the template's parameters by name; missing ones fall back to their Default.
	Parameters map[string]string
	// Names are physical names by logical ID. A resource without one is named by its own name property,
	// or <stack>-<logical ID>.
	Names map[string]string
	// Region and AccountID are the pseudo parameters; us-east-1 and 000000000000 when empty.
	Region, AccountID string
}

// Template is what the resources come to once every intrinsic is resolved.
type Template struct {
	Tables    []Table
	Functions []Function
	// Authorizers are those of the HTTP APIs, by name.
	Authorizers map[string]Authorizer
	// CORS is the HTTP API's.
	CORS CORS
	// Conditions hold the outcome of every condition by name.
	Conditions map[string]bool

	resolver *resolver
}

// Resource is any resource. Of a resource of SAM's own type, the Globals are not merged in.
type Resource struct {
	LogicalID, Type string
	// Properties hold strings, bools, numbers, []any and map[string]any.
	Properties map[string]any
}

// Table is an AWS::DynamoDB::Table.
type Table struct {
	LogicalID  string
	Name       string
	Attributes []Attribute
	Keys       []Key
	Indexes    []Index
	// TTLAttribute is empty when the table has no time to live.
	TTLAttribute       string
	BillingMode        string
	DeletionProtection bool
	PITR               bool
}

// Attribute is a key attribute's definition; Type is S, N or B.
type Attribute struct{ Name, Type string }

// Key is a part of a key schema; Type is HASH or RANGE.
type Key struct{ Name, Type string }

// Index is a global secondary index.
type Index struct {
	Name string
	Keys []Key
	// Projection is ALL, KEYS_ONLY or INCLUDE; only INCLUDE has NonKeyAttributes.
	Projection       string
	NonKeyAttributes []string
}

// Function is an AWS::Serverless::Function, with the Globals merged in.
type Function struct {
	LogicalID string
	// Name is the folder under functions/, derived from the logical ID: SyncTokensFunction is sync-tokens.
	Name string
	// PhysicalName is the deployed function's.
	PhysicalName  string
	ARN           string
	Handler       string
	Runtime       string
	Architectures []string
	CodeURI       string
	BuildMethod   string
	MemoryMB      int
	Timeout       time.Duration
	Environment   map[string]string
	Schedules     []Schedule
	Routes        []Route
	// Statements are those of the inline policies.
	Statements []Statement
}

// Schedule is a Schedule or ScheduleV2 event.
type Schedule struct {
	ID, Expression, Input string
	OmitName              bool
}

// Route is an HttpApi event; Method is upper case, and Authorizer is empty where the API's default applies.
type Route struct {
	ID, Method, Path, Authorizer string
}

// Statement is one statement of an inline policy.
type Statement struct {
	Sid, Effect        string
	Actions, Resources []string
}

// Authorizer is a Lambda authorizer of an AWS::Serverless::HttpApi with simple answers.
type Authorizer struct {
	Function string        // its ARN; Function.ARN finds it
	Headers  []string      // which have to be there, and whose values an answer is good for
	TTL      time.Duration // how long it is
}

// CORS is the CorsConfiguration of an AWS::Serverless::HttpApi.
type CORS struct {
	Origins, Methods, Headers, Expose []string
	MaxAge                            time.Duration
}

// Load reads the template in file path.
func Load(path string, options Options) (*Template, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	t, err := Parse(data, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse resolves the template in data. Errors name the resource and the property.
func Parse(data []byte, options Options) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the template is not a mapping")
	}
	r, err := newResolver(document.Content[0], options)
	if err != nil {
		return nil, err
	}
	return r.template()
}

// Resources resolves everything whose condition holds, in the template's order.
func (t *Template) Resources() ([]Resource, error) {
	var out []Resource
	for logicalID, node := range t.resolver.wanted() {
		p, err := t.resolver.properties(node)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", logicalID, err)
		}
		out = append(out, Resource{LogicalID: logicalID, Type: scalar(child(node, "Type")), Properties: p})
	}
	return out, nil
}

// Table returns the table with the logical ID.
func (t *Template) Table(logicalID string) (Table, error) {
	for _, table := range t.Tables {
		if table.LogicalID == logicalID {
			return table, nil
		}
	}
	return Table{}, fmt.Errorf("the template has no table %s", logicalID)
}

// Function returns the function whose folder is name.
func (t *Template) Function(name string) (Function, error) {
	for _, f := range t.Functions {
		if f.Name == name {
			return f, nil
		}
	}
	return Function{}, fmt.Errorf("the template has no function %s", name)
}
