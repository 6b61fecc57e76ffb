//go:build deploycheck && rie

package deploycheck

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tokensync/internal/dev"
	"tokensync/internal/dev/eventtest"
	"tokensync/internal/dev/proc"
	"tokensync/internal/dev/runtimeapi"
	"tokensync/internal/dev/serve"
	"tokensync/internal/dev/ssmtest"
)

// aws is a function under AWS's own Runtime Interface Emulator, which speaks the Runtime API as Lambda does.
type aws struct{ url string }

// startRIE runs a function of a stack under the emulator; timeout is the function's.
func startRIE(t *testing.T, stack *dev.Stack, function string, timeout time.Duration) *aws {
	t.Helper()
	var config runtimeapi.Config
	unused, err := stack.Deploy(function, func(c *runtimeapi.Config) { config = *c })
	if err != nil {
		t.Fatal(err)
	}
	if err := unused.Close(); err != nil {
		t.Fatal(err)
	}
	env := maps.Clone(config.Env)
	maps.Copy(env, map[string]string{
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local", "AWS_REGION": "us-east-1",
		"AWS_LAMBDA_FUNCTION_NAME": function, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(config.MemoryMB),
		"AWS_LAMBDA_FUNCTION_TIMEOUT": strconv.Itoa(int(timeout.Seconds())),
	})
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cmd := exec.Command(filepath.Join(root, ".tools/bin/aws-lambda-rie"), "--log-level", "error",
		"--runtime-api-address", freeAddress(t), "--runtime-interface-emulator-address", address, config.Binary)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	process, err := proc.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Stop(time.Second) })
	if err := process.Await(t.Context(), address); err != nil {
		t.Fatalf("the Runtime Interface Emulator: %v", err)
	}
	return &aws{"http://" + address + "/2015-03-31/functions/function/invocations"}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := serve.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// invoke returns the response to an event.
func (a *aws) invoke(t *testing.T, event []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url, bytes.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestRuntimeInterface invokes each function, as it was built for this machine, with each of its events and then with
// payloads that are not events: those end in an error or a refusal, and the function goes on.
func TestRuntimeInterface(t *testing.T) {
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	files, err := d.eventFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.written.Functions {
		t.Run(f.Name, func(t *testing.T) {
			world, _ := startArtifacts(t, d.root, len(f.Routes) > 0)
			function := startRIE(t, world.Stack, f.Name, f.Timeout)
			good := slices.Sorted(slices.Values(files[f.Name]))[0]
			for _, name := range append(files[f.Name], good) {
				checkFile(t, d, function, name)
			}
			for name, payload := range badPayloads {
				if strings.HasPrefix(name, "a request") && len(f.Schedules) > 0 {
					continue // what has no mode is a full sync
				}
				if problem := checkRefusal(function.invoke(t, []byte(payload))); problem != "" {
					t.Errorf("%s: %s", name, problem)
				}
			}
			checkFile(t, d, function, good)
		})
	}
}

func checkFile(t *testing.T, d *deployment, function *aws, name string) {
	t.Helper()
	event := d.event(t, name)
	if problem := eventtest.Ask(name, func() ([]byte, error) { return function.invoke(t, event), nil }); problem != "" {
		t.Errorf("%s: %s", name, problem)
	}
}

// badPayloads are not events of ours.
var badPayloads = map[string]string{
	"nothing": "", "not JSON": "{", "a text": `"full"`, "a list": `[]`, "a number": `7`, "an unknown mode": `{"mode":"never"}`,
	"a mode of another type": `{"mode":7}`, "a request without a path": `{"version":"2.0","routeKey":"$default"}`,
	"a request with a list of headers": `{"version":"2.0","headers":[],"requestContext":{"http":{"method":"GET"}}}`,
	"5 MB":                             `{"mode":"never","x":"` + strings.Repeat("x", 5<<20) + `"}`,
}

// checkRefusal returns what is wrong with a response to a payload that is not an event, or "".
func checkRefusal(payload []byte) string {
	var response struct {
		ErrorType    string
		StatusCode   int
		IsAuthorized *bool
	}
	if err := json.Unmarshal(payload, &response); err != nil {
		return err.Error() + ": " + string(payload)
	}
	refused := response.IsAuthorized != nil && !*response.IsAuthorized
	if response.ErrorType == "" && !refused && (response.StatusCode < 400 || response.StatusCode >= 500) {
		return string(payload)
	}
	return ""
}

// TestTimeOut invokes functions whose parameter store stalls: Lambda may end them, and what is invoked next responds.
func TestTimeOut(t *testing.T) {
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	world, _ := startArtifacts(t, d.root, false)
	for function, event := range map[string]string{"sync-tokens": "sync-refresh.json", "authorizer": "authorizer.json"} {
		t.Run(function, func(t *testing.T) {
			rie := startRIE(t, world.Stack, function, time.Second)
			world.SSM().SetFault(ssmtest.Fault{Delay: time.Minute})
			if payload := string(rie.invoke(t, d.event(t, event))); !strings.Contains(payload, "Task timed out") && !strings.Contains(payload, "errorType") {
				t.Errorf("an invocation that cannot have ended well: %s", payload)
			}
			world.SSM().SetFault(ssmtest.Fault{})
			next := rie.invoke(t, []byte(badPayloads["a list"]))
			for attempt := 1; attempt < 20 && bytes.Contains(next, []byte("Task timed out")); attempt++ { // a start may take its second
				next = rie.invoke(t, []byte(badPayloads["a list"]))
			}
			if problem := checkRefusal(next); problem != "" {
				t.Error(problem)
			}
		})
	}
}
