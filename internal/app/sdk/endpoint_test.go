package sdk

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// TestEndpoints sets the SDK's own variables in this process, as the SDK looks at them itself. Empty is unset: the template
// has them empty for sam local to fill.
func TestEndpoints(t *testing.T) {
	const all, dynamo = "http://127.0.0.1:1", "http://127.0.0.1:2"
	for name, tt := range map[string]struct {
		env           map[string]string
		dynamoDB, ssm string
	}{
		"none":                     {nil, "", ""},
		"empty":                    {map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL_SSM": "", "AWS_ENDPOINT_URL": ""}, "", ""},
		"one for all":              {map[string]string{"AWS_ENDPOINT_URL": all}, all, all},
		"one, the others empty":    {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL_SSM": ""}, all, all},
		"a service's own":          {map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": dynamo}, dynamo, ""},
		"a service's own wins":     {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_DYNAMODB": dynamo}, dynamo, all},
		"all are to be ignored":    {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_DYNAMODB": dynamo, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", ""},
		"one is not to be ignored": {map[string]string{"AWS_ENDPOINT_URL": all, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, all, all},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range tt.env {
				t.Setenv(variable, value)
			}
			config := Config(os.Getenv, Patience{1, time.Second})
			got := [2]string{
				aws.ToString(dynamodb.NewFromConfig(config).Options().BaseEndpoint),
				aws.ToString(ssm.NewFromConfig(config).Options().BaseEndpoint),
			}
			if want := [2]string{tt.dynamoDB, tt.ssm}; got != want {
				t.Errorf("endpoints %q, want %q", got, want)
			}
		})
	}
}
