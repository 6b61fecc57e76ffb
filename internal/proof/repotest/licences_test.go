package repotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowedLicences ask for no more than a notice. A licence is known by all of its sentences, written with single spaces.
var allowedLicences = map[string][]string{
	"MIT": {
		"Permission is hereby granted, free of charge, to any person obtaining a copy",
		"The above copyright notice and this permission notice shall be included in all copies or substantial portions",
	},
	"BSD": {
		"Redistribution and use in source and binary forms, with or without modification, are permitted",
		"Redistributions in binary form must reproduce the above copyright notice",
	},
	"Apache-2.0": {"Apache License Version 2.0, January 2004", "2. Grant of Copyright License."},
}

// refusedLicences are refused even beside an allowed one: they ask for the source, or for money.
var refusedLicences = []string{
	"GNU GENERAL PUBLIC LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", "GNU AFFERO GENERAL PUBLIC LICENSE",
	"Mozilla Public License", "Server Side Public License", "Business Source License", "Commons Clause", "Elastic License",
	"for non-commercial",
}

// TestLicences reads the licences of every module that a function links or a test uses.
func TestLicences(t *testing.T) {
	t.Parallel()
	modules := linkedModules(t)
	if len(modules) < 10 {
		t.Fatalf("only %d modules are linked: %v", len(modules), modules)
	}
	for module, dir := range modules {
		if problem := checkLicences(t, dir); problem != "" {
			t.Errorf("%s: %s", module, problem)
		}
	}
}

func TestLicencesThatAreRefused(t *testing.T) {
	t.Parallel()
	mit := strings.Join(allowedLicences["MIT"], ".\n")
	for text, want := range map[string]string{
		"":                                "no licence that is known to be free",
		"All rights reserved.":            "no licence that is known to be free",
		allowedLicences["MIT"][0]:         "no licence that is known to be free",
		mit + "\nThe Commons  Clause too": "Commons Clause",
		mit:                               "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := checkLicences(t, dir); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// linkedModules returns the folders of all modules but this one, by path and version.
func linkedModules(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}\t{{.Dir}}{{end}}{{end}}", "tokensync/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			modules[module] = dir
		}
	}
	return modules
}

// checkLicences returns what is wrong with the licence files of a folder, or "".
func checkLicences(t *testing.T, dir string) string {
	t.Helper()
	var free bool
	for _, pattern := range []string{"LICEN[SC]E*", "COPYING*", "License*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(string(b)), " ")
			for _, refused := range refusedLicences {
				if strings.Contains(strings.ToLower(text), strings.ToLower(refused)) {
					return filepath.Base(file) + " names " + refused
				}
			}
			free = free || isFree(text)
		}
	}
	if !free {
		return "no licence that is known to be free"
	}
	return ""
}

func isFree(text string) bool {
	for _, sentences := range allowedLicences {
		if !slices.ContainsFunc(sentences, func(s string) bool { return !strings.Contains(text, s) }) {
			return true
		}
	}
	return false
}
