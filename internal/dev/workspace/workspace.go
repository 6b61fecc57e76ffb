// Package workspace finds the module's template, built functions and tools.
package workspace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Root is the folder with the module's go.mod.
type Root string

// Find looks for the root from the working directory upwards, so that it works in the tests of any package.
func Find() (Root, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module's root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
			return Root(dir), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the module's root: no template.yaml here or above")
		}
		dir = parent
	}
}

// Template returns the path of the SAM template.
func (r Root) Template() string { return filepath.Join(string(r), "template.yaml") }

// Event returns the path of an event in events/.
func (r Root) Event(name string) string { return filepath.Join(string(r), "events", name) }

// Function returns the path of a function's binary for this machine.
func (r Root) Function(name string) (string, error) {
	path := filepath.Join(string(r), "build", "local", name, "bootstrap")
	return exists(path, "make local")
}

// Engine returns the path of the DynamoDB engine's binary.
func (r Root) Engine() (string, error) {
	platform, err := platform(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	path := filepath.Join(string(r), ".tools", "node_modules", "@dynoxide", platform, "dynoxide")
	return exists(path, "make tools")
}

// platform returns npm's name of an operating system and a processor.
func platform(goos, goarch string) (string, error) {
	arch, ok := map[string]string{"amd64": "x64", "arm64": "arm64"}[goarch]
	if !ok || goos != "linux" && goos != "darwin" {
		return "", fmt.Errorf("the DynamoDB engine has no build for %s/%s: set DYNAMODB_ENDPOINT to another one", goos, goarch)
	}
	return goos + "-" + arch, nil
}

func exists(path, target string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing: run `%s`", path, target)
	}
	return path, nil
}
