// Package eventtest knows what a function has to answer to the events of events/.
package eventtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"tokensync/internal/dev/apitest"
	"tokensync/internal/doctor"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// Ask invokes until there is an answer that is no 503, or for some seconds, and returns what is wrong with it, or "".
func Ask(event string, invoke func() ([]byte, error)) (problem string) {
	apitest.Patiently(func() int {
		payload, err := invoke()
		if err != nil {
			problem = err.Error()
			return 0
		}
		problem = Problem(event, payload)
		var answer struct{ StatusCode int }
		_ = json.Unmarshal(payload, &answer) // Problem has told of what is no JSON
		return answer.StatusCode
	})
	return problem
}

// Problem returns what is wrong with an answer, or ""; the event's name tells what is right.
func Problem(event string, payload []byte) string {
	var answer struct {
		StatusCode   int
		Status       syncrun.Status
		IsAuthorized *bool
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return err.Error()
	}
	status := http.StatusOK
	switch {
	case answer.IsAuthorized != nil:
		if wrong := strings.Contains(event, "-wrong") || strings.Contains(event, "-no-"); *answer.IsAuthorized == wrong {
			return fmt.Sprintf("isAuthorized is %v", *answer.IsAuthorized)
		}
		return ""
	case event == "sync-probe.json":
		return reportProblem(payload)
	case strings.HasPrefix(event, "sync-"):
		if answer.Status != syncrun.Succeeded {
			return fmt.Sprintf("the run is %q: %s", answer.Status, payload)
		}
		return ""
	case strings.Contains(event, "-bad-"):
		status = http.StatusBadRequest
	case strings.HasSuffix(event, "-show.json"):
		status = http.StatusNoContent
	case strings.Contains(event, "-not-found"):
		status = http.StatusNotFound
	}
	if answer.StatusCode != status {
		return fmt.Sprintf("status %d, want %d: %s", answer.StatusCode, status, payload)
	}
	return ""
}

// reportProblem returns what a probe found wrong, or "".
func reportProblem(payload []byte) string {
	var r doctor.Report
	if err := json.Unmarshal(payload, &r); err != nil {
		return err.Error()
	}
	seen := map[string]bool{}
	for _, c := range r.Checks {
		if seen[c.Of] = true; c.Needed && c.Verdict != doctor.Works && c.Verdict != doctor.Costs {
			return fmt.Sprintf("what the sync relies on does not hold: %+v", c)
		}
	}
	if !r.Holds || !seen[string(token.DLMM)] || !seen["node"] {
		return fmt.Sprintf("not all was examined: %s", payload)
	}
	return ""
}
