package eventtest

import (
	"encoding/json"
	"errors"
	"testing"

	"tokensync/internal/doctor"
)

// TestReports keeps tests from taking every report for a good one.
func TestReports(t *testing.T) {
	t.Parallel()
	good := func() doctor.Report {
		return doctor.Report{Holds: true, Checks: []doctor.Check{
			{Of: "dlmm", Needed: true, Verdict: doctor.Works}, {Of: "damm-v1", Verdict: doctor.Fails}, {Of: "node", Needed: true, Verdict: doctor.Costs},
		}}
	}
	for name, change := range map[string]func(*doctor.Report){
		"":           func(*doctor.Report) {},
		"what fails": func(r *doctor.Report) { r.Checks[0].Verdict = doctor.Fails },
		"what was too slow": func(r *doctor.Report) {
			r.Checks[2].Verdict, r.Checks[2].Seen = doctor.Fails, "no time left, or too slow"
		},
		"what was not asked": func(r *doctor.Report) { r.Checks[2].Verdict = doctor.Unasked },
		"no node":            func(r *doctor.Report) { r.Checks = r.Checks[:2] },
		"nothing":            func(r *doctor.Report) { r.Checks = nil },
		"what does not hold": func(r *doctor.Report) { r.Holds = false },
	} {
		report := good()
		change(&report)
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if problem := reportProblem(text); (problem == "") != (name == "") {
			t.Errorf("%s: %q", name, problem)
		}
	}
}

// TestAnswers: statuses are those of the event's name, and a busy machine's 503 is no answer yet.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event, payload string
		good           bool
	}{
		{"health.json", `{"statusCode":200}`, true},
		{"health.json", `{"statusCode":500}`, false},
		{"list-tokens-bad-limit.json", `{"statusCode":400}`, true},
		{"list-tokens-bad-limit.json", `{"statusCode":200}`, false},
		{"get-token-not-found.json", `{"statusCode":404}`, true},
		{"hide-token-show.json", `{"statusCode":204}`, true},
		{"authorizer.json", `{"isAuthorized":true}`, true},
		{"authorizer-wrong.json", `{"isAuthorized":true}`, false},
		{"sync-full.json", `{"status":"succeeded"}`, true},
		{"sync-full.json", `{"status":"partial"}`, false},
		{"health.json", `no JSON`, false},
	} {
		asked := 0
		problem := Ask(test.event, func() ([]byte, error) {
			if asked++; asked == 1 {
				return []byte(`{"statusCode":503}`), nil
			}
			return []byte(test.payload), nil
		})
		if (problem == "") != test.good || asked != 2 {
			t.Errorf("%s, %s: %q, asked %d times", test.event, test.payload, problem, asked)
		}
	}
	if got := Ask("health.json", func() ([]byte, error) { return nil, errors.New("gone") }); got != "gone" {
		t.Errorf("an invocation that fails: %q", got)
	}
}
