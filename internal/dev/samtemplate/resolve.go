package samtemplate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// noValue is what AWS::NoValue resolves to: the property or list entry that holds it goes away.
type noValue struct{}

// resolver turns nodes into plain values: string, bool, int, float64, []any and map[string]any.
type resolver struct {
	root       *yaml.Node
	pseudo     map[string]any
	parameters map[string]string
	resources  map[string]*yaml.Node
	names      map[string]string
	conditions map[string]bool
	// pending marks what is being resolved, to end a template that goes round in circles.
	pending map[string]bool
}

func newResolver(root *yaml.Node, o Options) (*resolver, error) {
	stack := cmp.Or(o.StackName, "tokensync-local")
	r := &resolver{
		root: root,
		pseudo: map[string]any{
			"AWS::StackName": stack,
			"AWS::Region":    cmp.Or(o.Region, "us-east-1"),
			"AWS::AccountId": cmp.Or(o.AccountID, "000000000000"),
			"AWS::Partition": "aws",
			"AWS::URLSuffix": "amazonaws.com",
			"AWS::StackId":   "arn:aws:cloudformation:local:000000000000:stack/" + stack + "/local",
			"AWS::NoValue":   noValue{},
		},
		parameters: map[string]string{},
		resources:  children(child(root, "Resources")),
		names:      maps.Clone(o.Names),
		conditions: map[string]bool{},
		pending:    map[string]bool{},
	}
	if r.names == nil {
		r.names = map[string]string{}
	}
	if err := r.setParameters(o.Parameters); err != nil {
		return nil, err
	}
	if err := r.resolveConditions(); err != nil {
		return nil, err
	}
	return r, r.checkRules()
}

// setParameters takes the given values, else the defaults. A parameter with neither stays unset, and is an error
// only where it is used.
func (r *resolver) setParameters(given map[string]string) error {
	declared := child(r.root, "Parameters")
	for name := range given {
		if child(declared, name) == nil {
			return fmt.Errorf("the template has no parameter %s", name)
		}
	}
	for name, node := range pairs(declared) {
		value, ok := given[name]
		if !ok {
			if node = child(node, "Default"); node == nil {
				continue
			}
			value = node.Value
		} else if err := checkAllowed(name, value, node); err != nil {
			return err
		}
		r.parameters[name] = value
	}
	return nil
}

// checkAllowed refuses what CloudFormation would refuse.
func checkAllowed(name, value string, parameter *yaml.Node) error {
	if longest := child(parameter, "MaxLength"); longest != nil {
		if most, err := strconv.Atoi(longest.Value); err != nil || utf8.RuneCountInString(value) > most {
			return fmt.Errorf("parameter %s: %q is longer than %s characters", name, value, longest.Value)
		}
	}
	if pattern := child(parameter, "AllowedPattern"); pattern != nil {
		re, err := regexp.Compile("^(?:" + pattern.Value + ")$")
		if err != nil {
			return fmt.Errorf("parameter %s: AllowedPattern: %w", name, err)
		}
		if !re.MatchString(value) {
			return fmt.Errorf("parameter %s: %q does not match %s", name, value, pattern.Value)
		}
	}
	allowed := child(parameter, "AllowedValues")
	if allowed == nil || slices.ContainsFunc(allowed.Content, func(n *yaml.Node) bool { return n.Value == value }) {
		return nil
	}
	return fmt.Errorf("parameter %s: %q is not one of the allowed values", name, value)
}

// checkRules evaluates the assertions about the parameters, as CloudFormation does before it creates anything.
func (r *resolver) checkRules() error {
	for name, rule := range pairs(child(r.root, "Rules")) {
		if err := r.checkRule(rule); err != nil {
			return fmt.Errorf("rule %s: %w", name, err)
		}
	}
	return nil
}

func (r *resolver) checkRule(rule *yaml.Node) error {
	if condition := child(rule, "RuleCondition"); condition != nil {
		if applies, err := r.value(condition); err != nil || applies != true {
			return err
		}
	}
	assertions := child(rule, "Assertions")
	if assertions == nil {
		return fmt.Errorf("its Assertions are missing")
	}
	for _, assertion := range assertions.Content {
		assert := child(assertion, "Assert")
		if assert == nil {
			return fmt.Errorf("an Assert is missing")
		}
		if holds, err := r.value(assert); err != nil {
			return err
		} else if holds != true {
			return fmt.Errorf("%s", scalar(child(assertion, "AssertDescription")))
		}
	}
	return nil
}

func (r *resolver) resolveConditions() error {
	for name := range pairs(child(r.root, "Conditions")) {
		if _, err := r.condition(name); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) condition(name string) (bool, error) {
	if outcome, ok := r.conditions[name]; ok {
		return outcome, nil
	}
	node := child(child(r.root, "Conditions"), name)
	if node == nil {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	leave, err := r.enter("condition " + name)
	if err != nil {
		return false, err
	}
	defer leave()
	value, err := r.value(node)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	outcome, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is %v, not true or false", name, value)
	}
	r.conditions[name] = outcome
	return outcome, nil
}

// enter notes that what is being resolved, and fails when it already was.
func (r *resolver) enter(what string) (leave func(), err error) {
	if r.pending[what] {
		return nil, fmt.Errorf("%s refers to itself", what)
	}
	r.pending[what] = true
	return func() { delete(r.pending, what) }, nil
}

// value resolves a node and everything below it.
func (r *resolver) value(node *yaml.Node) (any, error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if name, argument, ok := intrinsic(node); ok {
		return r.call(name, argument)
	}
	switch node.Kind { //nolint:exhaustive // the other kinds are scalars by now
	case yaml.MappingNode:
		return r.mapping(node)
	case yaml.SequenceNode:
		return r.sequence(node)
	}
	var scalar any
	err := node.Decode(&scalar)
	return scalar, err
}

func (r *resolver) mapping(node *yaml.Node) (any, error) {
	m := map[string]any{}
	for name, item := range pairs(node) {
		value, err := r.value(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if value != (noValue{}) {
			m[name] = value
		}
	}
	return m, nil
}

func (r *resolver) sequence(node *yaml.Node) ([]any, error) {
	list := make([]any, 0, len(node.Content))
	for i, item := range node.Content {
		value, err := r.value(item)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		if value != (noValue{}) {
			list = append(list, value)
		}
	}
	return list, nil
}

// intrinsic splits both spellings, !Sub x and {Fn::Sub: x}. The argument is a copy without the tag.
func intrinsic(node *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		argument := *node
		argument.Tag = ""
		if node.Kind == yaml.ScalarNode {
			argument.Tag = "!!str"
		}
		return node.Tag[1:], &argument, true
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return "", nil, false
	}
	key := node.Content[0].Value
	if name, ok := strings.CutPrefix(key, "Fn::"); ok {
		return name, node.Content[1], true
	}
	return key, node.Content[1], key == "Ref" || key == "Condition" && node.Content[1].Kind == yaml.ScalarNode
}

// child returns the value of a mapping's key, nil when there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	for name, value := range pairs(node) {
		if name == key {
			return value
		}
	}
	return nil
}

func children(node *yaml.Node) map[string]*yaml.Node { return maps.Collect(pairs(node)) }

// pairs walks a mapping in the template's order; a nil node has none.
func pairs(node *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, node.Content[i+1]) {
				return
			}
		}
	}
}
