package doctor

import (
	"fmt"
	"io"
	"strings"

	"tokensync/internal/token"
)

// Colours of the verdicts, for terminals.
var colours = map[Verdict]string{Works: "\x1b[32m", Costs: "\x1b[33m", Fails: "\x1b[31m", Unasked: "\x1b[2m"}

const noColour = "\x1b[0m"

// Print writes r for people: a check a line, and below it what follows.
func (r *Report) Print(w io.Writer, coloured bool) error {
	var b strings.Builder
	of := ""
	for _, c := range r.Checks {
		if c.Of != of {
			of = c.Of
			fmt.Fprintf(&b, "\n%s\n", of)
		}
		c.print(&b, coloured)
	}
	fmt.Fprintf(&b, "\n%s, %d requests in %.1f s\n", r.sum(), r.Requests, r.Seconds)
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Check) print(b *strings.Builder, coloured bool) {
	word := fmt.Sprintf("%-8s", c.Verdict)
	if coloured {
		word = colours[c.Verdict] + word + noColour
	}
	fmt.Fprintf(b, "  %s %-24s %s\n", word, c.What, plain(c.Seen))
	if c.Verdict == Works || c.Verdict == Unasked && c.Expected == "" {
		return
	}
	fmt.Fprintf(b, "           %-24s expected: %s\n", "", c.Expected)
	if c.Follows != "" {
		fmt.Fprintf(b, "           %-24s so: %s\n", "", c.Follows)
	}
}

// plain returns a server's text without what a terminal would take for an order.
func plain(text string) string { return token.CleanText(text) }

// sum counts the verdicts.
func (r *Report) sum() string {
	counts, needed := map[Verdict]int{}, 0
	for _, c := range r.Checks {
		counts[c.Verdict]++
		if c.Needed && c.Verdict == Fails {
			needed++
		}
	}
	text := fmt.Sprintf("%d work, %d cost something, %d fail, %d were not asked", counts[Works], counts[Costs], counts[Fails], counts[Unasked])
	if needed > 0 {
		return text + fmt.Sprintf("; the sync needs %d of those that fail", needed)
	}
	return text + "; all that the sync needs holds"
}
