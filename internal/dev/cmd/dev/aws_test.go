package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/eventtest"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/syncrun"
)

// root is the module's.
const root = "../../../.."

// TestFunctionsOfSamLocal gives every function the variables that sam local would give it, those of the template with
// events/env.json over them, and invokes it with its events: it works as it is.
func TestFunctionsOfSamLocal(t *testing.T) { //nolint:tparallel // one after the other: all are stopped at the end
	t.Parallel()
	s, err := readSettings(environment(map[string]string{"POOLS": "2000", "CURVES": "30"}))
	if err != nil {
		t.Fatal(err)
	}
	s.tables, s.mints = localTables, []string{apitest.Mint(1)}
	var screen bytes.Buffer
	v, err := open(t.Context(), s, 0, &screen)
	if err != nil {
		t.Fatal(err)
	}
	defer v.close()
	if run, err := v.sync(t.Context(), dev.FullSync); err != nil || run.Record.Status != syncrun.Succeeded {
		t.Fatalf("%v: %s", err, screen.String())
	}
	opened, err := v.openDoors(t.Context(), []string{"127.0.0.1"}, 0, "127.0.0.1")
	defer opened.close()
	if err != nil || len(opened) != 4 {
		t.Fatalf("doors %v, error %v", opened, err)
	}
	variables := samVariables(t, opened)
	for _, name := range eventFiles(t) {
		t.Run(name, func(t *testing.T) {
			event, err := os.ReadFile(filepath.Join(root, "events", name))
			if err != nil {
				t.Fatal(err)
			}
			f, err := v.stack.Deploy(functionOf(name), func(c *runtimeapi.Config) { c.Env = variables[functionOf(name)] })
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			problem := eventtest.Ask(name, func() ([]byte, error) {
				result, err := f.Invoke(t.Context(), event)
				if err == nil && result.Error != nil {
					err = result.Error
				}
				return result.Payload, err
			})
			if problem != "" {
				t.Error(problem)
			}
		})
	}
}

// samVariables returns each function's variables: what env.json has for it goes over what it has for all, and both over the
// template's, if the template sets the variable at all.
func samVariables(t *testing.T, opened doors) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "events", "env.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, door := range opened {
		port := string(rune('0' + i))
		text = bytes.ReplaceAll(text, []byte("http://host.docker.internal:800"+port), []byte(door.server.URL()))
	}
	var local map[string]map[string]string
	if err := json.Unmarshal(text, &local); err != nil {
		t.Fatal(err)
	}
	template, err := samtemplate.Load(filepath.Join(root, "template.yaml"), samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for _, f := range template.Functions {
		env := maps.Clone(f.Environment)
		for _, overrides := range []map[string]string{local["Parameters"], local[f.LogicalID]} {
			for name, value := range overrides {
				if _, ok := env[name]; ok {
					env[name] = value
				}
			}
		}
		out[f.Name] = env
	}
	return out
}

func eventFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "events", "*.json"))
	if err != nil || len(paths) < 10 {
		t.Fatalf("events %v, error %v", paths, err)
	}
	var names []string
	for _, path := range paths {
		if name := filepath.Base(path); name != "env.json" && !strings.HasPrefix(name, "authorizer") { // the token is the operator's
			names = append(names, name)
		}
	}
	return names
}

// functionOf returns the function that an event is for; their names begin alike.
func functionOf(event string) string {
	switch {
	case strings.HasPrefix(event, "sync-"):
		return dev.SyncFunction
	case event == "openapi.json":
		return "health"
	case strings.HasPrefix(event, "get-days"):
		return "get-stats"
	case strings.HasPrefix(event, "token-history"):
		return "get-token"
	}
	for _, name := range []string{"list-tokens", "list-sync-runs", "hide-token", "get-token", "get-stats", "datapi", "health", "dashboard"} {
		if strings.HasPrefix(event, name) {
			return name
		}
	}
	return ""
}
