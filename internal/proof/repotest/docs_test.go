package repotest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tokensync/internal/token"
)

const maxReadme = 150 // lines

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	if n := len(lines(t, filepath.Join(root(t), "README.md"))); n > maxReadme || n == 0 {
		t.Errorf("README.md has %d lines, want 1 to %d: pages in docs/ take the rest", n, maxReadme)
	}
}

// TestReadmeListsProducts: the help and the refusals take them from the code, and readers begin with the README.
func TestReadmeListsProducts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, product := range token.Products {
		if !strings.Contains(string(text), "`"+string(product)+"`") {
			t.Errorf("README.md does not list %s", product)
		}
	}
}

// link matches the target of a Markdown link or picture.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks follows the links of every document to files of the repository and to headings of pages.
func TestLinks(t *testing.T) {
	t.Parallel()
	found := 0
	for _, path := range tracked(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		for _, line := range lines(t, filepath.Join(root(t), path)) {
			for _, m := range link.FindAllStringSubmatch(line.text, -1) {
				target, heading, _ := strings.Cut(m[1], "#")
				if strings.Contains(m[1], "://") {
					continue
				}
				found++
				if target == "" {
					target = filepath.Base(path)
				}
				file := filepath.Join(root(t), filepath.Dir(path), target)
				if _, err := os.Stat(file); err != nil {
					t.Errorf("%s:%d: there is no %s", path, line.line, target)
				} else if heading != "" && !hasHeading(t, file, heading) {
					t.Errorf("%s:%d: %s has no heading %s", path, line.line, target, heading)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d links", found)
	}
}

// TestOwnAnswersAreIgnored: what sam deploy --guided writes is the operator's and never the repository's.
func TestOwnAnswersAreIgnored(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"samconfig.mine.toml": true, "samconfig.toml": false} {
		err := exec.CommandContext(t.Context(), "git", "-C", root(t), "check-ignore", "-q", "--no-index", name).Run()
		if ignored := err == nil; ignored != want && len(tracked(t)) > 0 {
			t.Errorf("%s: ignored %v", name, ignored)
		}
	}
}

// hasHeading reports whether a page has a heading with the anchor that GitHub makes of it.
func hasHeading(t *testing.T, path, anchor string) bool {
	t.Helper()
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, line := range lines(t, path) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line.text, "#"), " ")
		if !ok || !strings.HasPrefix(line.text, "#") {
			continue
		}
		if strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestRecipesNameTests: the tests that a recipe names exist.
func TestRecipesNameTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root(t), "docs", "contributing.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, path := range tracked(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root(t), path))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllSubmatch(text, -1) {
			tests[string(m[1])] = true
		}
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(page), -1)
	if len(named) < 15 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
