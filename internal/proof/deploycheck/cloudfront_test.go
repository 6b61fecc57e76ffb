//go:build deploycheck

package deploycheck

import (
	"testing"

	"tokensync/internal/dev/workspace"
)

// TestCloudFrontTemplate lints the stack that docs/deploy.md offers beside ours.
func TestCloudFrontTemplate(t *testing.T) {
	t.Parallel()
	root, err := workspace.Find()
	if err != nil {
		t.Fatal(err)
	}
	d := deployment{root: root}
	if output, err := d.tool(t.Context(), "sam/bin/cfn-lint", "-t", "docs/cloudfront.yaml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
