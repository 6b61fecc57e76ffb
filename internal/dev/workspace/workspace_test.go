package workspace_test

import (
	"strings"
	"testing"

	"tokensync/internal/dev/workspace"
)

func TestMissingFilesNameTheTarget(t *testing.T) {
	t.Parallel()
	root := workspace.Root(t.TempDir())
	if _, err := root.Engine(); err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("engine: error %v", err)
	}
	if _, err := root.Function("sync-tokens"); err == nil || !strings.Contains(err.Error(), "make local") {
		t.Errorf("function: error %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root, err := workspace.Find()
	if err != nil || !strings.HasSuffix(root.Template(), "template.yaml") {
		t.Errorf("root %s, %v", root, err)
	}
}
