package main

import (
	"bytes"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"tokensync/internal/config"

	"github.com/google/go-cmp/cmp"
)

func environment(variables map[string]string) lookup {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

const token32 = "an-operator-s-token-of-32-letters"

func TestSettings(t *testing.T) {
	t.Parallel()
	defaults := func(change func(*settings)) settings {
		s := settings{
			pools: 132967, curves: 512, products: []string{"dlmm", "dbc"}, launchpadID: defaultLaunchpadID, port: 3000,
			ignoreFilter: true, syncEvery: time.Minute, fullEvery: 10 * time.Minute, watch: 5, functions: map[string]string{},
			userAgent: "tokensync/" + config.Version,
		}
		change(&s)
		return s
	}
	tests := []struct {
		name string
		env  map[string]string
		want settings
	}{
		{"none", nil, defaults(func(*settings) {})},
		{"empty is unset", map[string]string{"POOLS": "", "PORT": "", "PRODUCTS": "", "LIVE": ""}, defaults(func(*settings) {})},
		{"an empty ID is an ID", map[string]string{"LAUNCHPAD_ID": ""}, defaults(func(s *settings) { s.launchpadID = "" })},
		{
			"all",
			map[string]string{
				"POOLS": "0", "PRODUCTS": "dlmm, damm-v1", "LAUNCHPAD_ID": "pump.fun", "PORT": "0", "FAULTS": "1", "HISTORY": "1", "CURVES": "9", "ADMIN_TOKEN": token32,
				"IGNORE_FILTER": "0", "SYNC_EVERY": "5s", "FULL_EVERY": "1h", "WATCH": "0", "NO_COLOR": "x", "LOG_LEVEL": "debug", "HTTPS_PROXY": "http://p",
			},
			defaults(func(s *settings) {
				s.pools, s.products, s.launchpadID, s.port, s.portIsSet = 0, []string{"dlmm", "damm-v1"}, "pump.fun", 0, true
				s.curves, s.fullEvery, s.adminToken, s.watch, s.history = 9, time.Hour, token32, 0, true
				s.faults, s.ignoreFilter, s.syncEvery, s.noColor = true, false, 5*time.Second, true
				s.functions["LOG_LEVEL"] = "debug"
			}),
		},
		{"live", map[string]string{"LIVE": "1", "HTTPS_PROXY": "http://p"}, defaults(func(s *settings) {
			s.live, s.functions["HTTPS_PROXY"] = true, "http://p"
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := readSettings(environment(test.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(settings{})); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadSettingsNameVariableAndValue(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"POOLS": "-1", "PORT": "65536", "PRODUCTS": "dlmm,foo", "LIVE": "yes", "FAULTS": "2", "HISTORY": "yes", "IGNORE_FILTER": "x", "SYNC_EVERY": "60", "FULL_EVERY": "0s",
		"ADMIN_TOKEN": "a-token-of-thirty-one-letters-x", "FAKE": "yes", "DIALECT": "tabs", "NODE": "fast",
	} {
		var stdout, stderr bytes.Buffer
		code := command(t.Context(), []string{"demo"}, environment(map[string]string{name: value}), &stdout, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), name) || !strings.Contains(stderr.String(), value) || stdout.Len() > 0 {
			t.Errorf("%s=%s: exit %d, %q", name, value, code, stderr.String())
		}
		if lines := strings.Count(stderr.String(), "\n"); lines != 1 {
			t.Errorf("%s=%s: %d lines of error", name, value, lines)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		arguments []string
		code      int
	}{{[]string{"--help"}, 0}, {nil, 2}, {[]string{"walk"}, 2}, {[]string{"run", "fast"}, 2}, {[]string{"doctor", "--xml"}, 2}}
	for _, test := range tests {
		var stdout, stderr bytes.Buffer
		code := command(t.Context(), test.arguments, environment(nil), &stdout, &stderr)
		if out := stdout.String() + stderr.String(); code != test.code || !strings.Contains(out, "LAUNCHPAD_ID") {
			t.Errorf("%v: exit %d, %q", test.arguments, code, out)
		}
	}
}

// TestDoctor examines the fakes; its exit code tells scripts what its table tells people.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		argument string
		env      map[string]string
		code     int
		says     string
	}{
		"all holds": {"doctor", nil, 0, "all that the sync needs holds"},
		"pipes":     {"doctor", map[string]string{"DIALECT": "pipes", "NODE": "plain"}, 0, "[a|b] works"},
		"JSON":      {"doctor --json", nil, 0, `"holds":true`},
		"down":      {"doctor", map[string]string{"METEORA_DLMM_URL": "http://127.0.0.1:1"}, 1, "the sync needs 1 of those that fail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"FAKE": "1", "POOLS": "1200", "CURVES": "30"}
			maps.Copy(env, test.env)
			var stdout, stderr bytes.Buffer
			code := command(t.Context(), strings.Fields(test.argument), environment(env), &stdout, &stderr)
			if code != test.code || stderr.Len() > 0 || !strings.Contains(stdout.String(), test.says) {
				t.Errorf("exit %d, %s%s", code, &stderr, &stdout)
			}
			if strings.Contains(stdout.String(), "\x1b") || strings.Contains(stdout.String(), chainKey) {
				t.Errorf("colours, or the node's key:\n%s", &stdout)
			}
		})
	}
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := command(t.Context(), []string{"run"}, environment(map[string]string{"PORT": port}), &stdout, &stderr)
	if want := "port " + port + " is in use: set PORT=…\n"; code != 1 || stderr.String() != want {
		t.Errorf("exit %d, %q; want 1, %q", code, stderr.String(), want)
	}
}
