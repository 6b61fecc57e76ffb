// Package health builds health out of its parts. It alone of what reads looks at a parameter of SSM, whose client takes longer to
// start than all else that a list needs.
package health

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tokensync/internal/apigw"
	"tokensync/internal/app"
	"tokensync/internal/catalog"
	"tokensync/internal/config"
	"tokensync/internal/httpapi"
	"tokensync/internal/params"
)

var launchpads = app.Part{
	Variables: []string{config.LaunchpadIDParameter},
	Join: func(c *catalog.Catalog, s config.Read, aws aws.Config) {
		c.Launchpads = params.New(ssm.NewFromConfig(aws), s.LaunchpadIDParameter, params.DefaultTTL).LaunchpadIDs
	},
}

// New builds health from the environment.
func New() apigw.Handler {
	return app.Read(httpapi.Health, app.Boards, app.Items, app.History, launchpads, app.Interval)
}
