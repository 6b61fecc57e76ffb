package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

func (r *resolver) template() (*Template, error) {
	t := &Template{Conditions: r.conditions, Authorizers: map[string]Authorizer{}, resolver: r}
	for logicalID, resource := range r.wanted() {
		if err := r.addResource(t, logicalID, resource); err != nil {
			return nil, fmt.Errorf("resource %s: %w", logicalID, err)
		}
	}
	return t, nil
}

// wanted walks the resources without a condition, or whose condition holds. One with a condition that cannot be resolved
// is wanted too: reading it fails.
func (r *resolver) wanted() func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for logicalID, resource := range pairs(child(r.root, "Resources")) {
			if condition := child(resource, "Condition"); condition != nil {
				if holds, err := r.condition(condition.Value); err == nil && !holds {
					continue
				}
			}
			if !yield(logicalID, resource) {
				return
			}
		}
	}
}

func (r *resolver) addResource(t *Template, logicalID string, resource *yaml.Node) error {
	kind := child(resource, "Type")
	if kind == nil {
		return fmt.Errorf("has no Type")
	}
	if condition := child(resource, "Condition"); condition != nil {
		if _, err := r.condition(condition.Value); err != nil {
			return err
		}
	}
	switch kind.Value {
	case "AWS::DynamoDB::Table":
		return appendResource(&t.Tables, r.table, logicalID, resource)
	case "AWS::Serverless::Function":
		return appendResource(&t.Functions, r.function, logicalID, resource)
	case "AWS::Serverless::HttpApi":
		return r.addAPI(t, resource)
	}
	return nil
}

func (r *resolver) addAPI(t *Template, resource *yaml.Node) error {
	p, err := r.properties(resource)
	if err != nil {
		return err
	}
	if t.CORS, err = corsOf(p.sub("CorsConfiguration")); err != nil {
		return fmt.Errorf("CorsConfiguration.%w", err)
	}
	return t.addAuthorizers(p.sub("Auth").sub("Authorizers"))
}

func corsOf(p properties) (CORS, error) {
	seconds, err := p.number("MaxAge", 0, 0)
	return CORS{
		Origins: strings.FieldsFunc(strings.Join(p.texts("AllowOrigins"), ","), func(c rune) bool { return c == ',' }),
		Methods: p.texts("AllowMethods"), Headers: p.texts("AllowHeaders"), Expose: p.texts("ExposeHeaders"),
		MaxAge: time.Duration(seconds) * time.Second,
	}, err
}

func (t *Template) addAuthorizers(authorizers properties) error {
	for name := range authorizers {
		a := authorizers.sub(name)
		if a.text("AuthorizerPayloadFormatVersion") != "2.0" || a.text("EnableSimpleResponses") != "true" {
			return fmt.Errorf("authorizer %s: only payload 2.0 with simple responses is supported", name)
		}
		seconds, err := a.sub("Identity").number("ReauthorizeEvery", 0, 0)
		if err != nil {
			return fmt.Errorf("authorizer %s: %w", name, err)
		}
		t.Authorizers[name] = Authorizer{
			Function: a.text("FunctionArn"), Headers: a.sub("Identity").texts("Headers"), TTL: time.Duration(seconds) * time.Second,
		}
	}
	return nil
}

func appendResource[T any](list *[]T, read func(string, *yaml.Node) (T, error), logicalID string, node *yaml.Node) error {
	item, err := read(logicalID, node)
	if err != nil {
		return err
	}
	*list = append(*list, item)
	return nil
}

// properties resolves a resource's Properties.
func (r *resolver) properties(resource *yaml.Node) (properties, error) {
	node := child(resource, "Properties")
	if node == nil {
		return properties{}, nil
	}
	value, err := r.value(node)
	if err != nil {
		return nil, err
	}
	m, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("its Properties are not a mapping")
	}
	return m, nil
}

func (r *resolver) table(logicalID string, resource *yaml.Node) (Table, error) {
	p, err := r.properties(resource)
	if err != nil {
		return Table{}, err
	}
	name, err := r.physicalName(logicalID)
	if err != nil {
		return Table{}, err
	}
	table := Table{
		LogicalID: logicalID, Name: name, Keys: p.keys(),
		BillingMode:        p.text("BillingMode"),
		DeletionProtection: p.text("DeletionProtectionEnabled") == "true",
		PITR:               p.sub("PointInTimeRecoverySpecification").text("PointInTimeRecoveryEnabled") == "true",
	}
	if ttl := p.sub("TimeToLiveSpecification"); ttl.text("Enabled") == "true" {
		table.TTLAttribute = ttl.text("AttributeName")
	}
	for _, a := range p.list("AttributeDefinitions") {
		table.Attributes = append(table.Attributes, Attribute{a.text("AttributeName"), a.text("AttributeType")})
	}
	for _, i := range p.list("GlobalSecondaryIndexes") {
		projection := i.sub("Projection")
		table.Indexes = append(table.Indexes, Index{
			Name: i.text("IndexName"), Keys: i.keys(),
			Projection: projection.text("ProjectionType"), NonKeyAttributes: projection.texts("NonKeyAttributes"),
		})
	}
	return table, table.check()
}

// check finds what DynamoDB would only report at deploy time.
func (t Table) check() error {
	defined := map[string]bool{}
	for _, a := range t.Attributes {
		defined[a.Name] = true
	}
	keys := t.Keys
	for _, index := range t.Indexes {
		keys = append(slices.Clip(keys), index.Keys...)
	}
	if len(t.Keys) == 0 {
		return fmt.Errorf("KeySchema: is missing")
	}
	for _, key := range keys {
		if !defined[key.Name] {
			return fmt.Errorf("AttributeDefinitions: key %s is not defined", key.Name)
		}
	}
	return nil
}

func (r *resolver) function(logicalID string, resource *yaml.Node) (Function, error) {
	own, err := r.properties(resource)
	if err != nil {
		return Function{}, err
	}
	p, err := r.withGlobals(own)
	if err != nil {
		return Function{}, err
	}
	name, err := r.physicalName(logicalID)
	if err != nil {
		return Function{}, err
	}
	arn, err := r.attribute(logicalID, "Arn")
	if err != nil {
		return Function{}, err
	}
	f := Function{
		LogicalID: logicalID, Name: folder(logicalID), PhysicalName: name, ARN: arn,
		Handler: p.text("Handler"), Runtime: p.text("Runtime"), Architectures: p.texts("Architectures"),
		CodeURI: p.text("CodeUri"), BuildMethod: scalar(child(child(resource, "Metadata"), "BuildMethod")),
		Environment: map[string]string{}, Statements: statements(own),
	}
	for name, value := range p.sub("Environment").sub("Variables") {
		f.Environment[name] = text(value)
	}
	if f.MemoryMB, err = p.number("MemorySize", 1, 128); err != nil { // 128 MB and 3 s are Lambda's defaults
		return Function{}, err
	}
	seconds, err := p.number("Timeout", 1, 3)
	if err != nil {
		return Function{}, err
	}
	f.Timeout = time.Duration(seconds) * time.Second
	return f, f.addEvents(child(child(resource, "Properties"), "Events"), own)
}

// withGlobals merges Globals.Function under a function's own properties, as SAM does: mappings merge, lists append.
func (r *resolver) withGlobals(own properties) (properties, error) {
	node := child(child(r.root, "Globals"), "Function")
	if node == nil {
		return own, nil
	}
	globals, err := r.value(node)
	if err != nil {
		return nil, fmt.Errorf("Globals.Function: %w", err)
	}
	merged, ok := merge(globals, map[string]any(own)).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Globals.Function is not a mapping")
	}
	return merged, nil
}

func merge(global, own any) any {
	if list, ok := own.([]any); ok {
		base, _ := global.([]any)
		return append(slices.Clip(base), list...)
	}
	overlay, ok := own.(map[string]any)
	base, isMap := global.(map[string]any)
	if !ok || !isMap {
		return own
	}
	out := map[string]any{}
	maps.Copy(out, base)
	for name, value := range overlay {
		if below, ok := base[name]; ok {
			value = merge(below, value)
		}
		out[name] = value
	}
	return out
}

// addEvents reads the events in the template's order, which the resolved mapping has lost.
func (f *Function) addEvents(order *yaml.Node, p properties) error {
	for id := range pairs(order) {
		event := p.sub("Events").sub(id)
		details := event.sub("Properties")
		switch kind := event.text("Type"); kind {
		case "Schedule", "ScheduleV2":
			s := Schedule{
				ID: id, Expression: details.text("Schedule") + details.text("ScheduleExpression"),
				Input: details.text("Input"), OmitName: details.text("OmitName") == "true",
			}
			if s.Input != "" && !json.Valid([]byte(s.Input)) {
				return fmt.Errorf("Events.%s.Input: is not JSON: %s", id, s.Input)
			}
			f.Schedules = append(f.Schedules, s)
		case "HttpApi":
			f.Routes = append(f.Routes, Route{
				ID: id, Method: strings.ToUpper(details.text("Method")), Path: details.text("Path"),
				Authorizer: details.sub("Auth").text("Authorizer"),
			})
		default:
			return fmt.Errorf("Events.%s.Type: %q is not supported", id, kind)
		}
	}
	return nil
}

var rateExpression = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

// Rate returns the interval of a schedule's expression that has one, such as rate(1 hour).
func Rate(expression string) (time.Duration, error) {
	m := rateExpression.FindStringSubmatch(expression)
	if m == nil {
		return 0, fmt.Errorf("%q is not a rate(…)", expression)
	}
	n, err := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	return time.Duration(n) * unit, err
}

// statements returns those of policies written inline; a managed policy's name or a SAM policy template has none.
func statements(p properties) []Statement {
	var out []Statement
	for _, policy := range p.list("Policies") {
		for _, s := range policy.list("Statement") {
			out = append(out, Statement{
				Sid: s.text("Sid"), Effect: s.text("Effect"), Actions: s.texts("Action"), Resources: s.texts("Resource"),
			})
		}
	}
	return out
}

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// folder derives sync-tokens from SyncTokensFunction.
func folder(logicalID string) string {
	return strings.ToLower(wordStart.ReplaceAllString(strings.TrimSuffix(logicalID, "Function"), "$1-$2"))
}
