//go:build emulator

package emulator

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"go.yaml.in/yaml/v3"

	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/serve"
	"tokensync/internal/dev/workspace"
)

const (
	region    = "us-east-1"
	stopGrace = 5 * time.Second
)

// cloud is the emulator, and what deploys onto it.
type cloud struct {
	root     workspace.Root
	endpoint string
	dynamoDB *dynamodb.Client
	ssm      *ssm.Client
}

// start starts the emulator, empty, and ends it with the test.
func start(t *testing.T) *cloud {
	t.Helper()
	root, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	address, err := serve.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(address, ":")                                            // of IPv4
	cmd := exec.Command(filepath.Join(string(root), ".tools/ministack/bin/ministack")) //nolint:gosec // our own tool
	cmd.Env = append(os.Environ(), "GATEWAY_PORT="+port, "LOG_LEVEL=ERROR", "TMPDIR="+t.TempDir())
	process, err := proc.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Stop(stopGrace) })
	if err := process.Await(t.Context(), address); err != nil {
		t.Fatalf("the emulator: %v", err)
	}
	c := &cloud{root: root, endpoint: "http://" + address}
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	c.dynamoDB = dynamodb.New(dynamodb.Options{BaseEndpoint: &c.endpoint, Region: region, Credentials: keys})
	c.ssm = ssm.New(ssm.Options{BaseEndpoint: &c.endpoint, Region: region, Credentials: keys})
	return c
}

// environment returns the variables with which AWS's tools find the emulator.
func (c *cloud) environment() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL="+c.endpoint, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_DEFAULT_REGION="+region, "AWS_PAGER=", "SAM_CLI_TELEMETRY=0")
}

// answers returns what is typed for sam deploy --guided: values for some parameters, and for all else what it offers.
func (c *cloud) answers(t *testing.T, values map[string]string) string {
	t.Helper()
	const stack, confirmations, saving = 2, 3, 3 // name and region; changes, roles, roll-back; whether, where and as what
	typed := strings.Repeat("\n", stack)
	for _, name := range c.parameters(t) {
		typed += values[name] + "\n"
	}
	return typed + strings.Repeat("\n", confirmations+saving) + "y\n" // deploy these changes
}

// parameters returns the names of the template's, in its order.
func (c *cloud) parameters(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(c.root.Template())
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Parameters yaml.Node `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(template.Parameters.Content); i += 2 {
		names = append(names, template.Parameters.Content[i].Value)
	}
	return names
}

// ask sends a request of a service's protocol and returns the response's text.
func (c *cloud) ask(t *testing.T, q query) string {
	t.Helper()
	method, body := http.MethodGet, ""
	if q.path == "" {
		method, body = http.MethodPost, q.body
	}
	request, err := http.NewRequestWithContext(t.Context(), method, c.endpoint+"/"+q.path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	// The emulator tells services apart by what the signature is for.
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+region+"/"+q.service+"/aws4_request, SignedHeaders=host, Signature=0")
	if q.target != "" {
		request.Header.Set("X-Amz-Target", q.target)
		request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	} else if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: status %d, error %v: %s", q.service, q.path+q.body, response.StatusCode, err, text)
	}
	return string(text)
}

// query is a request: of a path, a target with a JSON body, or an action in a form.
type query struct{ service, path, target, body string }

func action(service, name, version string, values ...string) query {
	form := url.Values{"Action": {name}, "Version": {version}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return query{service: service, body: form.Encode()}
}

// listings show all that a stack can leave behind.
var listings = map[string]query{
	"tables":     {service: "dynamodb", target: "DynamoDB_20120810.ListTables", body: "{}"},
	"functions":  {service: "lambda", path: "2015-03-31/functions/"},
	"log groups": {service: "logs", target: "Logs_20140328.DescribeLogGroups", body: "{}"},
	"queues":     {service: "sqs", target: "AmazonSQS.ListQueues", body: "{}"},
	"topics":     action("sns", "ListTopics", "2010-03-31"),
	"roles":      action("iam", "ListRoles", "2010-05-08"),
	"alarms":     action("monitoring", "DescribeAlarms", "2010-08-01"),
	"schedules":  {service: "scheduler", path: "schedules"},
	"APIs":       {service: "apigateway", path: "v2/apis"},
}

// left returns the listings in which a stack's name stands.
func (c *cloud) left(t *testing.T, stack string) []string {
	t.Helper()
	var found []string
	for name, q := range listings {
		if strings.Contains(c.ask(t, q), stack) {
			found = append(found, name)
		}
	}
	return found
}

// put stores an SSM parameter, as the operator does before the first deploy.
func (c *cloud) put(t *testing.T, kind types.ParameterType, name, value string) {
	t.Helper()
	input := &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind}
	if _, err := c.ssm.PutParameter(t.Context(), input); err != nil {
		t.Fatal(err)
	}
}

// value returns an SSM parameter's, or "".
func (c *cloud) value(t *testing.T, name string) string {
	t.Helper()
	out, err := c.ssm.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return ""
	}
	return aws.ToString(out.Parameter.Value)
}
