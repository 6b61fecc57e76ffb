//go:build deploycheck

package deploycheck

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/deployer-policy.json anew")

// scopes are what of a service a stack named tokensync… has.
var scopes = map[string][]string{
	"apigateway": {"arn:aws:apigateway:*::/apis", "arn:aws:apigateway:*::/apis/*", "arn:aws:apigateway:*::/tags/*"}, // it goes by no names
	"cloudwatch": {"arn:aws:cloudwatch:*:*:alarm:tokensync*", "arn:aws:cloudwatch::*:dashboard/tokensync*"},
	"codedeploy": {"arn:aws:codedeploy:*:*:application:tokensync*", "arn:aws:codedeploy:*:*:deploymentgroup:tokensync*", "arn:aws:codedeploy:*:*:deploymentconfig:*"},
	"dynamodb":   {"arn:aws:dynamodb:*:*:table/tokensync*"},
	"iam":        {"arn:aws:iam::*:role/tokensync*"},
	"lambda":     {"arn:aws:lambda:*:*:function:tokensync*"},
	"logs":       {"arn:aws:logs:*:*:log-group:tokensync*", "arn:aws:logs:*:*:log-group:/aws/vendedlogs/apigateway/tokensync*"},
	"s3":         {"arn:aws:s3:::aws-sam-cli-managed-default-*"},
	"scheduler":  {"arn:aws:scheduler:*:*:schedule/default/tokensync*"},
	"sns":        {"arn:aws:sns:*:*:tokensync*"},
	"sqs":        {"arn:aws:sqs:*:*:tokensync*"},
	"cloudformation": {
		"arn:aws:cloudformation:*:*:stack/tokensync*", "arn:aws:cloudformation:*:*:stack/aws-sam-cli-managed-default/*",
		"arn:aws:cloudformation:*:aws:transform/Serverless-2016-10-31",
	},
}

// unscoped are actions that AWS allows on everything or not at all.
var unscoped = regexp.MustCompile(`^(logs:(Describe|.*(ResourcePolic|LogDeliver))|cloudwatch:DescribeAlarms|cloudformation:(GetTemplateSummary|ValidateTemplate))`)

// unused are actions for what the stack has not.
var unused = regexp.MustCompile(strings.Join([]string{
	`^(ec2|elasticfilesystem|s3files|kinesis|firehose|kms):`,                                                                // networks, file systems, streams, custom keys
	`^s3:(?i:getObjectMetadata|REST\.PUT\.OBJECT|getObjectVersion|ListBucket)$`,                                             // imports, deliveries
	`^dynamodb:(Scan|Query|BatchWriteItem|.*Item|.*Replica|.*Import.*|.*Kinesis.*|.*ContributorInsights|.*ResourcePolicy)$`, // what is in the tables, and replicas
	`^iam:(CreateServiceLinkedRole|.*PermissionsBoundary)$`,
	`^lambda:(.*ProvisionedConcurrency.*|.*CodeSigning.*|.*ScalingConfig|PassCapacityProvider|AssociateRuntimeAlias|GetLayerVersion)$`,
	`^codedeploy:RegisterOnPremisesInstance$`,
	`^logs:(.*KmsKey|.*DataProtection.*|.*Index.*|.*BearerToken.*|PutLogGroupDeletionProtection)$`,
	`^sns:.*DataProtectionPolicy$`,
}, "|"))

// readAnyway are among those for what the stack has not, and are asked all the same: to find out that it has not.
var readAnyway = regexp.MustCompile(`^(dynamodb:(DescribeContributorInsights|DescribeKinesisStreamingDestination|GetResourcePolicy)|` +
	`lambda:(GetFunctionCodeSigningConfig|GetProvisionedConcurrencyConfig|GetFunctionScalingConfig)|logs:(GetDataProtectionPolicy|DescribeIndexPolicies)|sns:GetDataProtectionPolicy)$`)

// deploying is what sam deploy, sam delete and the smoke run of the workflow call themselves.
var deploying = []string{
	"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:DescribeChangeSet",
	"cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource", "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet",
	"cloudformation:GetTemplate", "cloudformation:GetTemplateSummary", "cloudformation:ListStackResources", "cloudformation:TagResource",
	"cloudformation:ValidateTemplate", "s3:CreateBucket", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetObject", "s3:ListBucket",
	"s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutObject",
	"lambda:InvokeFunction",
	// API Gateway asks for these in the deployer's name, to write access logs.
	"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:UpdateLogDelivery",
	"logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy",
	"apigateway:TagResource", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
}

type statement struct {
	Sid, Effect      string
	Action, Resource []string
}

type policy struct {
	Version   string
	Statement []statement
}

// TestDeployerPolicy holds the policy of whoever deploys to the resource types that CloudFormation gets: by their schemas, it
// allows what each needs, and nothing that none does.
func TestDeployerPolicy(t *testing.T) {
	t.Parallel()
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	needed, err := d.handlers()
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.MarshalIndent(policyFor(append(needed, deploying...)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	path := filepath.Join(string(d.root), "docs", "deployer-policy.json")
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/deployer-policy.json (-want +got): run this test with -update\n%s", cmp.Diff(string(want), string(got)))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, got); err != nil || compact.Len() > maxManagedPolicy {
		t.Errorf("the policy has %d characters, and IAM takes %d: %v", compact.Len(), maxManagedPolicy, err)
	}
}

// maxManagedPolicy is IAM's limit for a customer-managed policy, white space not counted.
const maxManagedPolicy = 6144

// handlers returns what CloudFormation's handlers of the stack's resource types call to create, read, update and delete them.
func (d *deployment) handlers() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(string(d.root), ".tools/sam/lib/python3*/site-packages/cfnlint/data/schemas/resources/*.json"))
	if err != nil {
		return nil, err
	}
	missing := map[string]bool{}
	for _, r := range d.resources {
		missing[r.Type] = true
	}
	var out []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var schema struct {
			TypeName string
			Handlers map[string]struct{ Permissions []string }
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !missing[schema.TypeName] || len(schema.Handlers) == 0 {
			continue
		}
		delete(missing, schema.TypeName)
		for handler, h := range schema.Handlers {
			if handler != "list" {
				out = append(out, h.Permissions...)
			}
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no schema says what these need: %v", missing)
	}
	return out, nil
}

// policyFor sorts actions into one statement for each service, and one for those that cannot be limited.
func policyFor(actions []string) policy {
	byService := map[string][]string{}
	for _, action := range actions {
		service, name, _ := strings.Cut(action, ":")
		if service == "s3" && name != "" {
			action = service + ":" + strings.ToUpper(name[:1]) + name[1:]
		}
		switch {
		case unused.MatchString(action) && !readAnyway.MatchString(action) && !slices.Contains(deploying, action):
		case unscoped.MatchString(action):
			byService[""] = append(byService[""], action)
		default:
			byService[service] = append(byService[service], action)
		}
	}
	p := policy{Version: "2012-10-17"}
	for service, actions := range byService {
		slices.Sort(actions)
		s := statement{Sid: strings.ToUpper(service[:min(1, len(service))]) + service[min(1, len(service)):], Effect: "Allow", Action: slices.Compact(actions), Resource: scopes[service]}
		if service == "" {
			s.Sid, s.Resource = "Unlimited", []string{"*"}
		}
		p.Statement = append(p.Statement, s)
	}
	slices.SortFunc(p.Statement, func(a, b statement) int { return strings.Compare(a.Sid, b.Sid) })
	return p
}
