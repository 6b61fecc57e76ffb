package sdk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tokensync/internal/app/sdk"
	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/upstream"
)

// longestPauses returns the jitter's worst for one page.
func longestPauses(r upstream.Retry) (sum time.Duration) {
	for attempt := 1; attempt < r.Attempts; attempt++ {
		sum += min(r.Base<<(attempt-1), r.Max)
	}
	return sum
}

// TestRetryTable compares the operator's table of who retries what with the code, and the worst cases with the functions'
// timeouts.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	template, err := samtemplate.Load("../../../template.yaml", samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sync, err := template.Function("sync-tokens")
	if err != nil {
		t.Fatal(err)
	}
	const reserve = 10 * time.Second
	scan, page := (sync.Timeout-reserve)*3/4, upstream.DefaultRetry
	for _, want := range []string{
		fmt.Sprintf("A sync has %.0f seconds", sync.Timeout.Seconds()),
		fmt.Sprintf("(%d s), writes until %.0f s", int(scan.Seconds()), (sync.Timeout - reserve).Seconds()),
		fmt.Sprintf("| %d attempts, %d retries a scan;", page.Attempts, page.Budget),
		fmt.Sprintf("full jitter from %d ms to %v s", page.Base.Milliseconds(), page.Max.Seconds()),
		fmt.Sprintf("| %.0f s of pauses, %.0f s on average;", longestPauses(page).Seconds(), longestPauses(page).Seconds()/2),
		fmt.Sprintf("| %d attempts of %.0f s,", sdk.OfSync.Attempts, sdk.OfSync.Timeout.Seconds()),
		fmt.Sprintf("| %d attempts of %v s,", sdk.OfRead.Attempts, sdk.OfRead.Timeout.Seconds()),
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("docs/operate.md does not say %q", want)
		}
	}
	for _, f := range template.Functions {
		if worst := time.Duration(sdk.OfRead.Attempts) * sdk.OfRead.Timeout; len(f.Routes) > 0 && worst >= f.Timeout {
			t.Errorf("%s may try for %v and has %v", f.Name, worst, f.Timeout)
		}
	}
	if page.Patience >= scan || time.Duration(sdk.OfSync.Attempts)*sdk.OfSync.Timeout >= sync.Timeout/4 {
		t.Errorf("one retry could take a scan's %v", scan)
	}
}
