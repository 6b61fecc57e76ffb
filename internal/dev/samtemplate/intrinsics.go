package samtemplate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// call evaluates one intrinsic function.
func (r *resolver) call(name string, argument *yaml.Node) (any, error) {
	value, err := r.evaluate(name, argument)
	if err != nil {
		return nil, fmt.Errorf("!%s: %w", name, err)
	}
	return value, nil
}

func (r *resolver) evaluate(name string, argument *yaml.Node) (any, error) {
	switch name {
	case "Ref":
		return r.ref(argument.Value)
	case "GetAtt":
		return r.getAtt(argument)
	case "Sub":
		return r.sub(argument)
	case "Condition":
		return r.condition(argument.Value)
	case "If":
		return r.choose(argument)
	}
	arguments, err := r.arguments(argument)
	if err != nil {
		return nil, err
	}
	return r.apply(name, arguments)
}

// apply evaluates the functions whose arguments are all resolved beforehand.
func (r *resolver) apply(name string, arguments []any) (any, error) {
	switch name {
	case "Equals":
		if len(arguments) != 2 {
			return nil, fmt.Errorf("wants two values")
		}
		return text(arguments[0]) == text(arguments[1]), nil
	case "Not", "And", "Or":
		return logic(name, arguments)
	case "Join":
		return join(arguments)
	case "Select":
		return pick(arguments)
	case "Split":
		return split(arguments)
	case "FindInMap":
		return r.findInMap(arguments)
	}
	return nil, fmt.Errorf("this function is not supported")
}

func (r *resolver) arguments(argument *yaml.Node) ([]any, error) {
	if argument.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("wants a list")
	}
	return r.sequence(argument)
}

// ref returns a parameter's value, a pseudo parameter's, or a resource's physical name.
func (r *resolver) ref(name string) (any, error) {
	if value, ok := r.pseudo[name]; ok {
		return value, nil
	}
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	if child(child(r.root, "Parameters"), name) != nil {
		return nil, fmt.Errorf("parameter %s has no default and was given no value", name)
	}
	if function, ok := strings.CutSuffix(name, ".Alias"); ok { // SAM's way to name what a function publishes; here it has one version
		return r.attribute(function, "Arn")
	}
	if resource := r.resources[name]; scalar(child(resource, "Type")) == "AWS::Lambda::Alias" {
		return r.alias(resource)
	}
	return r.physicalName(name)
}

// alias returns an alias's ARN: that of its function, and its own name.
func (r *resolver) alias(resource *yaml.Node) (string, error) {
	p, err := r.properties(resource)
	if err != nil {
		return "", err
	}
	return r.arn("AWS::Lambda::Function", p.text("FunctionName")) + ":" + p.text("Name"), nil
}

// physicalName returns the value of a resource's property <last part of its type>Name, or <stack>-<logical ID>.
func (r *resolver) physicalName(logicalID string) (string, error) {
	if name, ok := r.names[logicalID]; ok {
		return name, nil
	}
	resource, ok := r.resources[logicalID]
	if !ok {
		return "", fmt.Errorf("there is no parameter or resource %s", logicalID)
	}
	leave, err := r.enter("resource " + logicalID)
	if err != nil {
		return "", err
	}
	defer leave()
	kind := child(resource, "Type").Value
	property := kind[strings.LastIndex(kind, ":")+1:] + "Name"
	name := any(text(r.pseudo["AWS::StackName"]) + "-" + logicalID)
	if node := child(child(resource, "Properties"), property); node != nil {
		if name, err = r.value(node); err != nil {
			return "", fmt.Errorf("%s.%s: %w", logicalID, property, err)
		}
	}
	r.names[logicalID] = text(name)
	return r.names[logicalID], nil
}

func (r *resolver) getAtt(argument *yaml.Node) (any, error) {
	path := argument.Value
	if argument.Kind == yaml.SequenceNode && len(argument.Content) == 2 {
		path = argument.Content[0].Value + "." + argument.Content[1].Value
	}
	logicalID, attribute, ok := strings.Cut(path, ".")
	if !ok {
		return nil, fmt.Errorf("%q is not Resource.Attribute", path)
	}
	return r.attribute(logicalID, attribute)
}

// arnFormats are the resource parts of ARNs by type.
var arnFormats = map[string]string{
	"AWS::DynamoDB::Table":      "dynamodb:%[1]s:%[2]s:table/%[3]s",
	"AWS::Serverless::Function": "lambda:%[1]s:%[2]s:function:%[3]s",
	"AWS::Lambda::Function":     "lambda:%[1]s:%[2]s:function:%[3]s",
	"AWS::SQS::Queue":           "sqs:%[1]s:%[2]s:%[3]s",
	"AWS::Logs::LogGroup":       "logs:%[1]s:%[2]s:log-group:%[3]s:*",
	"AWS::SNS::Topic":           "sns:%[1]s:%[2]s:%[3]s",
}

// attribute knows ARNs and names; anything else gets a readable stand-in, as no local run depends on it.
func (r *resolver) attribute(logicalID, attribute string) (string, error) {
	name, err := r.physicalName(logicalID)
	if err != nil {
		return "", err
	}
	kind := child(r.resources[logicalID], "Type").Value
	if arnFormats[kind] == "" || attribute != "Arn" {
		return name + "." + attribute, nil
	}
	return r.arn(kind, name), nil
}

func (r *resolver) arn(kind, name string) string {
	return fmt.Sprintf("arn:aws:"+arnFormats[kind], text(r.pseudo["AWS::Region"]), text(r.pseudo["AWS::AccountId"]), name)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (r *resolver) sub(argument *yaml.Node) (any, error) {
	pattern, local := argument.Value, map[string]any{}
	if argument.Kind == yaml.SequenceNode {
		if len(argument.Content) != 2 {
			return nil, fmt.Errorf("wants a text, or a text and a mapping")
		}
		values, err := r.mapping(argument.Content[1])
		if err != nil {
			return nil, err
		}
		pattern, local = argument.Content[0].Value, values.(map[string]any)
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(pattern, func(match string) string {
		value, err := r.substitute(match[2:len(match)-1], local)
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return out, failed
}

// substitute resolves what stands between ${ and }.
func (r *resolver) substitute(name string, local map[string]any) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if value, ok := local[name]; ok {
		return text(value), nil
	}
	if logicalID, attribute, ok := strings.Cut(name, "."); ok {
		return r.attribute(logicalID, attribute)
	}
	value, err := r.ref(name)
	return text(value), err
}

// choose resolves only the side that the condition picks, as CloudFormation does.
func (r *resolver) choose(argument *yaml.Node) (any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, fmt.Errorf("wants a condition and two values")
	}
	yes, err := r.condition(argument.Content[0].Value)
	if err != nil {
		return nil, err
	}
	if yes {
		return r.value(argument.Content[1])
	}
	return r.value(argument.Content[2])
}

func logic(name string, arguments []any) (any, error) {
	all, some := true, false
	for _, argument := range arguments {
		value, ok := argument.(bool)
		if !ok {
			return nil, fmt.Errorf("%v is not true or false", argument)
		}
		all, some = all && value, some || value
	}
	switch name {
	case "Not":
		return !all, nil
	case "And":
		return all, nil
	}
	return some, nil
}

func join(arguments []any) (any, error) {
	if len(arguments) == 2 {
		if list, ok := arguments[1].([]any); ok {
			return strings.Join(texts(list), text(arguments[0])), nil
		}
	}
	return nil, fmt.Errorf("wants a separator and a list")
}

func pick(arguments []any) (any, error) {
	if len(arguments) == 2 {
		list, ok := arguments[1].([]any)
		i, err := strconv.Atoi(text(arguments[0]))
		if ok && err == nil && i >= 0 && i < len(list) {
			return list[i], nil
		}
	}
	return nil, fmt.Errorf("wants an index and a list that has it")
}

func split(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("wants a separator and a text")
	}
	var list []any
	for part := range strings.SplitSeq(text(arguments[1]), text(arguments[0])) {
		list = append(list, part)
	}
	return list, nil
}

func (r *resolver) findInMap(path []any) (any, error) {
	if len(path) != 3 {
		return nil, fmt.Errorf("wants a map and two keys")
	}
	node := child(r.root, "Mappings")
	for _, key := range path {
		if node = child(node, text(key)); node == nil {
			return nil, fmt.Errorf("there is no entry %v", path)
		}
	}
	return r.value(node)
}

// text returns a value as CloudFormation spells it; nothing for nil.
func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = text(item)
	}
	return out
}
