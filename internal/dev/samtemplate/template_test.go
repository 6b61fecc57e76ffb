package samtemplate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/dev/samtemplate"
)

const head = `
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  ID: { Type: String, AllowedPattern: '[a-z]{1,4}' }
  Short: { Type: String, Default: "", MaxLength: 3 }
Rules:
  ShortOnlyInProd:
    RuleCondition: !Not [!Equals [!Ref Short, ""]]
    Assertions: [{ Assert: !Equals [!Ref Stage, prod], AssertDescription: Short is for production }]
Mappings:
  Sizes: { dev: { memory: 128 }, prod: { memory: 512 } }
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Other: !Not [!Condition Prod]
  Both: { "Fn::And": [ { Condition: Prod }, !Or [!Condition Other, !Condition Prod] ] }
Globals:
  Function:
    Architectures: [arm64]
    Timeout: 5
    Environment: { Variables: { LEVEL: info, STAGE: !Ref Stage } }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
`

// TestEnvironment resolves one expression at a time, as a function's environment variable.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	prod := map[string]string{"Stage": "prod", "ID": "abc"}
	tests := []struct {
		name, expression string
		parameters       map[string]string
		want             string
	}{
		{"plain", `x`, nil, "x"},
		{"number", `12`, nil, "12"},
		{"reference to a default", `!Ref Stage`, nil, "dev"},
		{"reference to a given value", `!Ref ID`, prod, "abc"},
		{"reference to a resource", `!Ref Table`, nil, "stack-Table"},
		{"reference to a named resource", `{ Ref: Named }`, nil, "/stack/named"},
		{"pseudo parameters", `!Sub "${AWS::Region}/${AWS::AccountId}/${AWS::Partition}"`, nil, "us-east-1/000000000000/aws"},
		{"substitution", `!Sub "a-${Stage}-${Table}"`, nil, "a-dev-stack-Table"},
		{"substitution with values", `!Sub ["${X}/${Stage}/${!Stage}", { X: !Ref Table }]`, nil, "stack-Table/dev/${Stage}"},
		{"substituted attribute", `!Sub "${Table.Arn}/index/i"`, nil, "arn:aws:dynamodb:us-east-1:000000000000:table/stack-Table/index/i"},
		{"attribute", `!GetAtt Table.Arn`, nil, "arn:aws:dynamodb:us-east-1:000000000000:table/stack-Table"},
		{"attribute, long form", `{ "Fn::GetAtt": [Table, Arn] }`, nil, "arn:aws:dynamodb:us-east-1:000000000000:table/stack-Table"},
		{"what a function publishes", `!Ref OneFunction.Alias`, nil, "arn:aws:lambda:us-east-1:000000000000:function:stack-OneFunction"},
		{"alias", `!Ref Alias`, nil, "arn:aws:lambda:us-east-1:000000000000:function:stack-OneFunction:live"},
		{"if", `!If [Prod, a, b]`, nil, "b"},
		{"if, other side", `!If [Prod, a, b]`, prod, "a"},
		{"nested if resolves one side only", `!If [Both, !Ref ID, !If [Other, no, !Ref ID]]`, nil, "no"},
		{"join", `!Join ["-", [a, !Ref Stage]]`, nil, "a-dev"},
		{"select and split", `!Select [1, !Split [",", "a,b,c"]]`, nil, "b"},
		{"map", `!FindInMap [Sizes, !Ref Stage, memory]`, prod, "512"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			document := head + `
  Alias: { Type: AWS::Lambda::Alias, Properties: { Name: live, FunctionName: !Ref OneFunction } }
  Named: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub "/${AWS::StackName}/named" } }
  OneFunction:
    Type: AWS::Serverless::Function
    Properties: { Environment: { Variables: { X: ` + test.expression + ` } } }
`
			got, err := samtemplate.Parse([]byte(document), samtemplate.Options{StackName: "stack", Parameters: test.parameters})
			if err != nil {
				t.Fatal(err)
			}
			if value := got.Functions[0].Environment["X"]; value != test.want {
				t.Errorf("resolved to %q, want %q", value, test.want)
			}
		})
	}
}

func TestErrorsNameTheCulprit(t *testing.T) {
	t.Parallel()
	function := func(properties string) string {
		return head + "  OneFunction: { Type: AWS::Serverless::Function, Properties: " + properties + " }\n"
	}
	tests := []struct {
		name, document string
		parameters     map[string]string
		want           []string
	}{
		{"unset parameter", function(`{ MemorySize: !Ref ID }`), nil, []string{"OneFunction", "MemorySize", "parameter ID"}},
		{"unknown reference", function(`{ MemorySize: !Ref Nothing }`), nil, []string{"OneFunction", "MemorySize", "Nothing"}},
		{"unknown condition", function(`{ MemorySize: !If [Nope, 1, 2] }`), nil, []string{"OneFunction", "MemorySize", "Nope"}},
		{"unknown function", function(`{ MemorySize: !ImportValue x }`), nil, []string{"OneFunction", "MemorySize", "!ImportValue"}},
		{"not a number", function(`{ Timeout: soon }`), nil, []string{"OneFunction", "Timeout", "soon"}},
		{"input is no JSON", function(`{ Events: { E: { Type: ScheduleV2, Properties: { Input: "{" } } } }`), nil, []string{"OneFunction", "Events.E.Input"}},
		{"unknown event", function(`{ Events: { E: { Type: S3 } } }`), nil, []string{"OneFunction", "Events.E.Type", "S3"}},
		{"refused by the pattern", head, map[string]string{"ID": "a b"}, []string{"parameter ID", `"a b"`}},
		{"refused by the values", head, map[string]string{"Stage": "x"}, []string{"parameter Stage", `"x"`}},
		{"too long", head, map[string]string{"Short": "äöüß", "Stage": "prod"}, []string{"parameter Short", `"äöüß"`, "3"}},
		{"refused by a rule", head, map[string]string{"Short": "äöü"}, []string{"rule ShortOnlyInProd", "Short is for production"}},
		{"a rule without assertions", "Rules: { R: {} }\n", nil, []string{"rule R", "Assertions"}},
		{"a rule that asserts nothing", "Rules: { R: { Assertions: [{}] } }\n", nil, []string{"rule R", "Assert"}},
		{"a rule on nothing", "Rules: { R: { RuleCondition: !Equals [!Ref X, y] } }\n", nil, []string{"rule R", "X"}},
		{"undeclared parameter", head, map[string]string{"Nope": "x"}, []string{"Nope"}},
		{"undefined key", head + "  T2: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: [{ AttributeName: k, KeyType: HASH }] } }\n", nil, []string{"T2", "AttributeDefinitions", "k"}},
		{"no keys", head + "  T2: { Type: AWS::DynamoDB::Table }\n", nil, []string{"T2", "KeySchema"}},
		{"circle", "Conditions: { A: !Condition B, B: !Condition A }\n", nil, []string{"condition A", "refers to itself"}},
		{"circle of resources", head + "  P: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Ref P } }\n", nil, []string{"resource P", "refers to itself"}},
		{"not YAML", "\t", nil, []string{"YAML"}},
		{"not a mapping", "[]", nil, []string{"mapping"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := samtemplate.Parse([]byte(test.document), samtemplate.Options{Parameters: test.parameters})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not mention %q", err, want)
				}
			}
		})
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(5 minutes)": 5 * time.Minute, "rate(2 hours)": 2 * time.Hour, "rate(1 day)": 24 * time.Hour,
		"cron(0 * * * ? *)": 0, "rate(1 week)": 0, "rate(x minutes)": 0, "": 0,
	} {
		if got, err := samtemplate.Rate(expression); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %v, error %v", expression, got, err)
		}
	}
}

func TestFunction(t *testing.T) {
	t.Parallel()
	document := head + `
  ListTokensFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: makefile }
    Properties:
      MemorySize: 256
      Environment: { Variables: { LEVEL: debug, GONE: !Ref AWS::NoValue } }
      Policies:
        - AWSManaged
        - Statement:
            - { Sid: A, Effect: Allow, Action: dynamodb:Query, Resource: !GetAtt Table.Arn }
            - !If [Prod, { Sid: B, Effect: Allow, Action: [x, y], Resource: z }, !Ref AWS::NoValue]
      Events:
        Tick: { Type: ScheduleV2, Properties: { OmitName: true, ScheduleExpression: rate(1 minute), Input: '{"a":1}' } }
        List: { Type: HttpApi, Properties: { Path: "/v1/tokens/{mint}", Method: get, Auth: { Authorizer: Operator } } }
  GoneFunction: { Type: AWS::Serverless::Function, Condition: Prod }
`
	got, err := samtemplate.Parse([]byte(document), samtemplate.Options{Names: map[string]string{"Table": "t1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []samtemplate.Function{{
		LogicalID: "ListTokensFunction", Name: "list-tokens", PhysicalName: "tokensync-local-ListTokensFunction",
		ARN:           "arn:aws:lambda:us-east-1:000000000000:function:tokensync-local-ListTokensFunction",
		Architectures: []string{"arm64"}, BuildMethod: "makefile", MemoryMB: 256, Timeout: 5 * time.Second,
		Environment: map[string]string{"LEVEL": "debug", "STAGE": "dev"},
		Schedules:   []samtemplate.Schedule{{ID: "Tick", Expression: "rate(1 minute)", Input: `{"a":1}`, OmitName: true}},
		Routes:      []samtemplate.Route{{ID: "List", Method: "GET", Path: "/v1/tokens/{mint}", Authorizer: "Operator"}},
		Statements: []samtemplate.Statement{{
			Sid: "A", Effect: "Allow", Actions: []string{"dynamodb:Query"},
			Resources: []string{"arn:aws:dynamodb:us-east-1:000000000000:table/t1"},
		}},
	}}
	if diff := cmp.Diff(want, got.Functions); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	got, err := samtemplate.Parse([]byte(`
Parameters: { Stage: { Type: String, Default: dev } }
Conditions: { Prod: !Equals [!Ref Stage, prod] }
Resources:
  Gone: { Type: AWS::SNS::Topic, Condition: Prod }
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: { Threshold: 3, AlarmActions: [!Ref Topic], Dimensions: [{ Name: Stage, Value: !Ref Stage }] }
  Topic: { Type: AWS::SNS::Topic }
`), samtemplate.Options{StackName: "stack"})
	if err != nil {
		t.Fatal(err)
	}
	resources, err := got.Resources()
	if err != nil {
		t.Fatal(err)
	}
	want := []samtemplate.Resource{
		{LogicalID: "Alarm", Type: "AWS::CloudWatch::Alarm", Properties: map[string]any{
			"Threshold": 3, "AlarmActions": []any{"stack-Topic"},
			"Dimensions": []any{map[string]any{"Name": "Stage", "Value": "dev"}},
		}},
		{LogicalID: "Topic", Type: "AWS::SNS::Topic", Properties: map[string]any{}},
	}
	if diff := cmp.Diff(want, resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}
