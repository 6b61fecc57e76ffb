package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// document writes performance.md and performance.svg into docs, from the template and the figures in docs/performance.
func document(docs string) error {
	folder := filepath.Join(docs, "performance")
	p, err := readPage(folder)
	if err != nil {
		return err
	}
	t, err := template.New("performance.md.tmpl").Option("missingkey=error").Funcs(template.FuncMap{
		"tables":    markdown,
		"megabytes": func(bytes float64) string { return fmt.Sprintf("%.2f", bytes/1e6) },
		"fail":      func(why string) (string, error) { return "", errors.New(why) },
	}).ParseFiles(filepath.Join(folder, "performance.md.tmpl"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(docs, "performance.svg"), plot(p.Bench), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "performance.md"), out.Bytes(), 0o644)
}

// A page is what the template shows.
type page struct {
	Bench   *Report
	Figures map[string]any    // the other JSON files, by name without its ending
	Results map[string]string // the lines of results that go test printed, by name without its ending
}

func readPage(folder string) (*page, error) {
	p := &page{Bench: new(Report), Figures: map[string]any{}, Results: map[string]string{}}
	if err := readJSON(filepath.Join(folder, "bench.json"), p.Bench); err != nil {
		return nil, err
	}
	for _, name := range []string{"memory", "api", "sizes"} {
		var figures any
		if err := readJSON(filepath.Join(folder, name+".json"), &figures); err != nil {
			return nil, err
		}
		p.Figures[name] = figures
	}
	for _, name := range []string{"first-sync", "routes", "hot-paths", "launchpads", "readers", "first-requests"} {
		b, err := os.ReadFile(filepath.Join(folder, name+".txt"))
		if err != nil {
			return nil, err
		}
		p.Results[name] = results(string(b))
	}
	return p, nil
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// results returns the lines with results, without what go test prints around them.
func results(output string) string {
	var lines strings.Builder
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "Benchmark") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
