// Package doctor asks Meteora and a Solana node, in a few dozen requests, for everything that the sync relies on, and tells
// what holds. It writes nothing anywhere.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tokensync/internal/meteora"
	"tokensync/internal/products"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// A Verdict is what became of a check.
type Verdict string

// The verdicts.
const (
	Works   Verdict = "works"
	Costs   Verdict = "costs"   // the sync gets along without it, at the price that the check tells
	Fails   Verdict = "fails"   // the sync needs it, or loses what the check tells
	Unasked Verdict = "unasked" // something else had to work first
)

// A Check is one thing that the sync relies on.
type Check struct {
	Of       string  `json:"of"` // a product, "node" or "launchpad"
	What     string  `json:"what"`
	Expected string  `json:"expected"`
	Seen     string  `json:"seen"`
	Verdict  Verdict `json:"verdict"`
	Follows  string  `json:"follows,omitempty"` // from what was seen, where it is not what was expected
	Needed   bool    `json:"needed"`            // by the sync as it is set up
}

// A Report is everything that was checked.
type Report struct {
	StartedAt time.Time `json:"started_at"`
	Seconds   float64   `json:"seconds"`
	Requests  int64     `json:"requests"`
	Holds     bool      `json:"holds"` // nothing fails that the sync needs
	Checks    []Check   `json:"checks"`
}

// Options say what is asked. UserAgent, Node, Launchpads and Limit may be empty.
type Options struct {
	URLs       map[token.Product]string // of each product that is asked
	UserAgent  string
	Products   []token.Product // that the sync reads
	Node       func(context.Context) (*solana.Client, error)
	Launchpads []token.LaunchpadID
	Limit      time.Duration // of all questions together; DefaultLimit when 0
}

// DefaultLimit is less than the minute for which the SAM CLI waits for a function.
const DefaultLimit = 55 * time.Second

// Examine asks everything. Its error is about the options alone; what servers do is in the report.
func Examine(ctx context.Context, o Options) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Limit, DefaultLimit))
	defer cancel()
	r := Report{StartedAt: time.Now().UTC().Truncate(time.Second)}
	start := time.Now()
	patients, err := o.patients()
	if err != nil {
		return r, err
	}
	var all sync.WaitGroup
	for _, p := range patients {
		all.Go(func() { p.examine(ctx) })
	}
	all.Wait()
	for _, p := range patients {
		p.close()
		r.Checks = append(r.Checks, p.checks...)
		r.Requests += p.stats.Requests.Load()
	}
	r.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	r.Holds = !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Needed && c.Verdict == Fails })
	return r, nil
}

// A patient is one server.
type patient struct {
	of      string
	needed  bool
	stats   syncrun.Counts
	checks  []Check
	examine func(context.Context)
	close   func()
}

// patients returns all servers, those of Meteora in the order of products.APIs.
func (o Options) patients() (patients []*patient, err error) {
	for _, api := range products.APIs {
		url, ok := o.URLs[api.Product]
		if !ok {
			continue
		}
		client, err := meteora.NewClient(meteora.Options{Product: api.Product, BaseURL: url, UserAgent: o.UserAgent})
		if err != nil {
			return nil, err
		}
		patients = append(patients, newProduct(client, api, slices.Contains(o.Products, api.Product), o.Launchpads))
	}
	return append(patients, newNode(o)), nil
}

// add books a check of the patient.
func (p *patient) add(c Check) {
	c.Of, c.Needed = p.of, c.Needed && p.needed
	p.checks = append(p.checks, c)
}

// unasked books what could not be asked.
func (p *patient) unasked(what ...string) {
	for _, w := range what {
		p.add(Check{What: w, Verdict: Unasked})
	}
}

// whys spells an error for a table.
func whys(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, upstream.ErrNoTime) {
		return "no time left, or too slow"
	}
	return oneLine(err.Error())
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// verdict returns Works where ok, else otherwise.
func verdict(ok bool, otherwise Verdict) Verdict {
	if ok {
		return Works
	}
	return otherwise
}

// unless returns text where something does not hold.
func unless(ok bool, text string) string {
	if ok {
		return ""
	}
	return text
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
