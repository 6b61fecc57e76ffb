//go:build deploycheck

package deploycheck

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/apitest"
	"tokensync/internal/dev/dynamotest"
	"tokensync/internal/dev/eventtest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/workspace"
)

// TestArtifacts starts each function cold from what sam build made, the very file that is deployed, with each of its
// events: it answers as it should, and asks nothing of DynamoDB that its role does not allow. It is not parallel, as an
// emulated function needs the machine's whole patience.
func TestArtifacts(t *testing.T) {
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	root := artifactRoot(t, d)
	files, err := d.eventFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.written.Functions {
		for _, name := range files[f.Name] {
			t.Run(f.Name+"/"+name, func(t *testing.T) {
				stack, recorder := startArtifacts(t, root, len(f.Routes) > 0)
				recorder.reset()
				result := coldStart(t, stack.Stack, f.Name, d.event(t, name))
				t.Logf("cold start %v, answered in %v, %d calls of DynamoDB", result.ColdStart, result.Duration, len(recorder.asked))
				if problem := eventtest.Problem(name, result.Payload); problem != "" {
					t.Error(problem)
				}
				for _, problem := range d.refused(t, f.LogicalID, stack.Tables(), recorder.asked) {
					t.Error(problem)
				}
			})
		}
	}
}

// patience is what an emulated function gets on a machine that does other things too: its verdict is not about time.
const patience = time.Hour

// event returns an event of events/; a probe's has patience for its time.
func (d *deployment) event(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(d.root.Event(name))
	if err != nil {
		t.Fatal(err)
	}
	if name == "sync-probe.json" {
		return bytes.Replace(bytes.TrimSpace(text), []byte("}"), fmt.Appendf(nil, `,"seconds":%.0f}`, patience.Seconds()), 1)
	}
	return text
}

// coldStart invokes a new instance of a function. The API's functions wait for AWS for a second or two, and then tell the client to ask
// again: so it does.
func coldStart(t *testing.T, stack *dev.Stack, name string, event []byte) runtimeapi.Result {
	t.Helper()
	const attempts = 20
	for attempt := 1; ; attempt++ {
		function, err := stack.Deploy(name, func(c *runtimeapi.Config) { c.Timeout = patience })
		if err != nil {
			t.Fatal(err)
		}
		result, err := function.Invoke(t.Context(), event)
		if closing := function.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		if result.Error != nil || result.ColdStart == 0 {
			t.Fatalf("cold start %v, error %v", result.ColdStart, result.Error)
		}
		if attempt == attempts || !bytes.Contains(result.Payload, []byte(`"statusCode":503`)) {
			return result
		}
	}
}

// artifactRoot returns a folder like the module's, whose functions are those of sam build. Where this machine has another
// processor, an emulator runs them.
func artifactRoot(t *testing.T, d *deployment) workspace.Root {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"template.yaml", "events", ".tools"} {
		if err := os.Symlink(filepath.Join(string(d.root), name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range d.written.Functions {
		bootstrap := filepath.Join(root, "build", "local", f.Name, "bootstrap")
		if err := os.MkdirAll(filepath.Dir(bootstrap), 0o750); err != nil {
			t.Fatal(err)
		}
		script := fmt.Sprintf("#!/bin/sh\nexec %s '%s'\n", emulator(t, d, artifact(d.root, f.LogicalID)), artifact(d.root, f.LogicalID))
		if err := os.WriteFile(bootstrap, []byte(script), 0o700); err != nil { //nolint:gosec // it has to run
			t.Fatal(err)
		}
	}
	return workspace.Root(root)
}

// emulator returns what has to go before a binary to run it here, or "" on a machine of its own kind.
func emulator(t *testing.T, d *deployment, path string) string {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Machine == map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}[runtime.GOARCH] {
		return ""
	}
	qemu := filepath.Join(string(d.root), ".tools", "qemu", "qemu-aarch64-static")
	if _, err := os.Stat(qemu); err != nil {
		t.Fatalf("%s does not run here without an emulator: %v: use make check-template", path, err)
	}
	return "'" + qemu + "'"
}

// startArtifacts starts a world with a small Meteora and a small chain, and fills it, if asked to, with tokens that the API's
// events ask for, which a sync would miss at Meteora.
func startArtifacts(t *testing.T, root workspace.Root, filled bool) (*dev.World, *recorder) {
	t.Helper()
	engine, recorder := startRecorder(t)
	stack, err := dev.StartWorld(t.Context(), dev.WorldOptions{
		Options: dev.Options{
			Root: root, Engine: engine, AdminToken: "local-operator-token-of-the-stack",
			Log: func(function, line string) { t.Logf("%s: %s", function, line) },
		},
		Meteora: meteoratest.Config{Pools: 3000}, Chain: &rpctest.Config{Launchpad: string(apitest.First), Tokens: 50},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	if !filled {
		return stack, recorder
	}
	backend := apitest.Over(engine.Client(), stack.Tables(), nil)
	if err := backend.Fill(t.Context(), apitest.Tokens(20, apitest.First), time.Now()); err != nil {
		t.Fatal(err)
	}
	return stack, recorder
}

// recorder is a proxy of an engine that records what it is asked.
type recorder struct {
	mu    sync.Mutex
	asked []request
}

type request struct {
	operation string
	body      []byte
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = nil
}

func startRecorder(t *testing.T) (*dynamotest.Engine, *recorder) {
	t.Helper()
	engine, err := dynamotest.Start(t.Context(), dynamotest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	target, err := url.Parse(engine.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	r := new(recorder)
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, operation, _ := strings.Cut(q.Header.Get("X-Amz-Target"), ".")
		r.mu.Lock()
		r.asked = append(r.asked, request{operation, body})
		r.mu.Unlock()
		q.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	recorded, err := dynamotest.Start(t.Context(), dynamotest.Options{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return recorded, r
}

// refused returns the requests that a function's role would not allow.
func (d *deployment) refused(t *testing.T, logicalID string, tables dynamotest.Tables, asked []request) []string {
	t.Helper()
	f, ok := d.find(logicalID)
	if !ok {
		t.Fatalf("%s is not deployed", logicalID)
	}
	granted, _ := d.granted(f)
	arn := func(table string) string {
		id := map[string]string{tables.Tokens: "TokensTable", tables.Board: "BoardTable", tables.Sync: "SyncTable"}[table]
		return "arn:aws:dynamodb:us-east-1:000000000000:table/tokensync-local-" + id
	}
	var out []string
	for _, r := range asked {
		targets, err := r.targets(arn)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			limit, ok := granted[call{"dynamodb:" + r.operation, target.resource}]
			if !ok || len(limit) > 0 && !limit[target.key] {
				out = append(out, fmt.Sprintf("its role does not allow %s on %s, key %q", r.operation, target.resource, target.key))
			}
		}
	}
	return out
}

// target is what a request is about, with its partition key where the sync table has it.
type target struct{ resource, key string }

var keyPlaceholder = regexp.MustCompile(`= (:\w+)`)

func (r request) targets(arn func(string) string) ([]target, error) {
	type value struct{ S string }
	var body struct {
		TableName, IndexName, KeyConditionExpression string
		Key, Item, ExpressionAttributeValues         map[string]value
		RequestItems                                 map[string]any
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.operation, r.body, err)
	}
	var out []target
	for table := range body.RequestItems {
		out = append(out, target{resource: arn(table)})
	}
	if body.TableName != "" {
		one := target{resource: arn(body.TableName), key: body.Key["pk"].S + body.Item["pk"].S}
		if body.IndexName != "" {
			one.resource += "/index/" + body.IndexName
		}
		if m := keyPlaceholder.FindStringSubmatch(body.KeyConditionExpression); m != nil {
			one.key = body.ExpressionAttributeValues[m[1]].S
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, errors.New(r.operation + " names no table")
	}
	return out, nil
}

// TestRefusedRequests keeps the test of the artifacts from allowing everything.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	tables := dynamotest.Tables{Tokens: "tokens", Board: "board", Sync: "sync"}
	for _, test := range []struct {
		function, operation, body string
		allowed                   bool
	}{
		{"GetStatsFunction", "GetItem", `{"TableName":"board","Key":{"pk":{"S":"MANIFEST"}}}`, true},
		{"HealthFunction", "Query", `{"TableName":"sync","KeyConditionExpression":"#pk = :k","ExpressionAttributeValues":{":k":{"S":"RUN"}}}`, true},
		{"GetStatsFunction", "GetItem", `{"TableName":"tokens","Key":{"mint":{"S":"a"}}}`, false},
		{"GetTokenFunction", "PutItem", `{"TableName":"tokens"}`, false},
		{"HideTokenFunction", "UpdateItem", `{"TableName":"sync","Key":{"pk":{"S":"HIDDEN"},"sk":{"S":"a"}}}`, true},
		{"HideTokenFunction", "UpdateItem", `{"TableName":"board","Key":{"pk":{"S":"MANIFEST"}}}`, true},
		{"HideTokenFunction", "DeleteItem", `{"TableName":"sync","Key":{"pk":{"S":"LEASE"},"sk":{"S":"LEASE"}}}`, false},
		{"HideTokenFunction", "UpdateItem", `{"TableName":"board","Key":{"pk":{"S":"a chunk"}}}`, false},
		{"SyncTokensFunction", "BatchWriteItem", `{"RequestItems":{"tokens":[]}}`, true},
		{"SyncTokensFunction", "Query", `{"TableName":"tokens","IndexName":"by-tvl"}`, false},
		{"HealthFunction", "Query", `{"TableName":"sync","KeyConditionExpression":"#pk = :k","ExpressionAttributeValues":{":k":{"S":"LEASE"}}}`, false},
	} {
		refused := d.refused(t, test.function, tables, []request{{test.operation, []byte(test.body)}})
		if (len(refused) == 0) != test.allowed {
			t.Errorf("%s, %s of %s: refused for %q", test.function, test.operation, test.body, refused)
		}
	}
}
