package repotest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// oldPhrases are what comments, error texts, log lines and documents said before they were put into the words of Go's own
// packages, and what to say instead.
var oldPhrases = []struct {
	old     *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\b(?:says?|tells?|answers?) whether\b`), "reports whether"},
	{regexp.MustCompile(`\banswers (?:nil|true|false|io\.EOF|"")`), "returns"},
	{regexp.MustCompile(`^[A-Z]\w* answers (?:the|an?|one|what)\b`), "returns"},
	{regexp.MustCompile(`^\w+ says (?:that|what|why|how|which)\b`), "returns, describes, is returned when"},
	{regexp.MustCompile(`^Err\w+ means\b`), "is returned when, reports"},
	{regexp.MustCompile(`\b(?:is|are) for many goroutines\b`), "is safe for concurrent use"},
	{regexp.MustCompile(`\b(?:what|that|which|one|URL|object|null|it) (?:is|are) none\b`), "is invalid, is absent"},
	{regexp.MustCompile(`\bis none of\b`), "must be one of, is not one of"},
	{regexp.MustCompile(`\bheld against\b|\bholds? (?:\S+ ){1,8}against\b`), "compares with, checks against"},
	{regexp.MustCompile(`\bwins? over\b`), "overrides"},
	{regexp.MustCompile(`\bbrings? up\b`), "starts"},
	{regexp.MustCompile(`\bhands? on\b`), "passes on"},
	{regexp.MustCompile(`\bof one's own\b`), "a custom one, its own"},
	{regexp.MustCompile(`\b(?:in|of|at most|after|worth|by|once|costs?|takes?|reads?|for) so (?:many|much)\b`), "n of them"},
	{regexp.MustCompile(`\b[Nn]othing (?:does|is|when) (?:when )?nil\b|; nothing does\b`), "if not nil"},
	{regexp.MustCompile(`^\w+ is ready for use\b`), "is ready to use"},
	{regexp.MustCompile(`(?:\b(?:what|which|that|it|event|value)|%[qsv]) (?:is|are) no (?:address|alarm|array|board|boolean|config|event|key|list|mint|name|number|object|payload|pool|string|text|token|version)s?\b`), "is not a"},
	{regexp.MustCompile(`\b(?:to be had|lest|as yet)\b`), "available, so that not, yet"},
}

// equated begins the comment of a function that the comment calls a thing, where Go's packages say what it returns.
var equated = regexp.MustCompile(`^\w+ (?:is|are) (?:the|an?|all|as|every|how|those|what|when|where|which|who|whose|why|GET|POST|PUT|DELETE)\b`)

// promised begins the comment of a function that is said to return something.
var promised = regexp.MustCompile(`^\w+ returns\b`)

func TestEnglish(t *testing.T) {
	t.Parallel()
	for _, path := range tracked(t) {
		if filepath.Base(path) == "english_test.go" {
			continue
		}
		var texts []text
		switch filepath.Ext(path) {
		case ".go":
			texts = goTexts(t, filepath.Join(root(t), path))
		case ".md", ".tmpl":
			texts = lines(t, filepath.Join(root(t), path))
		}
		for _, x := range texts {
			if old, instead := oldPhrase(x.text); old != "" {
				t.Errorf("%s:%d: %q; better %q", path, x.line, old, instead)
			}
			if x.of == nil {
				continue
			}
			if old := equated.FindString(x.text); old != "" && x.of.Type.Results != nil {
				t.Errorf("%s:%d: %q; better what it returns", path, x.line, old)
			}
			if old := promised.FindString(x.text); old != "" && x.of.Type.Results == nil {
				t.Errorf("%s:%d: %q; it returns nothing", path, x.line, old)
			}
		}
	}
}

// TestOldPhrases shows which phrases the test above finds, and which it lets pass.
func TestOldPhrases(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]bool{
		"Known says whether there is a value at all":                               true,
		"Hold answers nil while the lease is still ours":                           true,
		"Token answers one token with its pools":                                   true,
		"cutOff says that an answer which broke off is worth asking for again":     true,
		"ErrURL means that the RPC URL is none. It does not show it.":              true,
		"A Client asks one node. It is for many goroutines.":                       true,
		"\"x\" is none of debug, info, warn, error":                                true,
		"get asks the stack and holds the answer against the spec":                 true,
		"Known reports whether n has a value":                                      false,
		"ErrURL means is what the old text began with":                             true,
		"ErrURL reports an invalid RPC URL. Its text never includes the URL.":      false,
		"It returns nil when there is none.":                                       false,
		"The server answers the request with 429.":                                 false,
		"The record says what was read.":                                           false,
		"cutOff retries a response that ended early; the SDK retries connections.": false,
		"bytes that are no board":                                                  true,
		"There is no board yet.":                                                   false,
		"Where neither is to be had, wait":                                         true,
	} {
		if old, _ := oldPhrase(sentence); (old != "") != want {
			t.Errorf("%q: found %q", sentence, old)
		}
	}
}

func oldPhrase(s string) (old, instead string) {
	for _, phrase := range oldPhrases {
		if found := phrase.old.FindString(s); found != "" {
			return found, phrase.instead
		}
	}
	return "", ""
}

type text struct {
	line int
	text string
	of   *ast.FuncDecl // whose comment it is; nil for anything else
}

// goTexts returns a file's comments, each as one line, and its string literals.
func goTexts(t *testing.T, path string) []text {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if os.IsNotExist(err) {
		return nil // deleted and not yet committed
	}
	if err != nil {
		t.Fatal(err)
	}
	var texts []text
	for _, c := range f.Comments {
		texts = append(texts, text{files.Position(c.Pos()).Line, strings.Join(strings.Fields(c.Text()), " "), functionOf(f, c)})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			s, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(fmt.Errorf("%s: %w", files.Position(n.Pos()), err))
			}
			texts = append(texts, text{line: files.Position(n.Pos()).Line, text: s})
		}
		return true
	})
	return texts
}

// functionOf returns the function that c is the comment of, nil when there is none.
func functionOf(f *ast.File, c *ast.CommentGroup) *ast.FuncDecl {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc == c {
			return fn
		}
	}
	return nil
}

func lines(t *testing.T, path string) (texts []text) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		texts = append(texts, text{line: n, text: line})
	}
	return texts
}
