// Package report shows a person how a sync goes and how it went.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	redrawInterval = 200 * time.Millisecond
	plainInterval  = 2 * time.Second
	// reportInterval is how often the function logs its progress; no guess goes further than that.
	reportInterval = time.Second
)

// Options describe where and how to draw.
type Options struct {
	Out io.Writer
	// Terminal redraws one line; otherwise a plain line is written every two seconds.
	Terminal bool
	Color    bool
	// Total is the number of pools, or 0 if unknown.
	Total int64
	// Hint, if not nil, guesses how many pools have been scanned, for the time between two lines of the log.
	Hint func() int64
}

// Progress follows a sync by the lines of its function's log. It is safe for concurrent use.
type Progress struct {
	options Options
	bar     *progressbar.ProgressBar
	begin   time.Time
	done    chan struct{}
	stopped chan struct{}

	mu       sync.Mutex
	products map[string]entry
	at       time.Time // of the last report
	isNew    bool      // something was reported since it was shown
	rate     float64   // pools a second between the last two
}

// entry is a progress line of the log.
type entry struct {
	Msg     string `json:"msg"`
	Product string `json:"product"`
	Scanned int64  `json:"pools_scanned"`
	Matched int64  `json:"pools_matched"`
	RSS     int64  `json:"rss_bytes"`
}

// Start starts drawing, until Stop.
func Start(o Options) *Progress {
	p := &Progress{
		options: o, begin: time.Now(), at: time.Now(), products: map[string]entry{},
		done: make(chan struct{}), stopped: make(chan struct{}),
	}
	interval := plainInterval
	if o.Terminal {
		p.bar, interval = newBar(o), redrawInterval
	}
	go p.draw(interval)
	return p
}

func newBar(o Options) *progressbar.ProgressBar {
	total := o.Total
	if total == 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(o.Out), progressbar.OptionSetWidth(24), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("pools"), progressbar.OptionThrottle(redrawInterval/2),
		progressbar.OptionUseANSICodes(true), progressbar.OptionEnableColorCodes(o.Color), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription(paint(o.Color, "[cyan]", "syncing", "[reset]")),
	)
}

// paint wraps a text for the library's colour codes.
func paint(color bool, before, text, after string) string {
	if !color {
		return text
	}
	return before + text + after
}

// Line takes a line of the function's log and ignores all but progress lines.
func (p *Progress) Line(line string) {
	var e entry
	if json.Unmarshal([]byte(line), &e) != nil || e.Msg != "progress" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before, now := p.products[e.Product], time.Now()
	if since := now.Sub(p.at).Seconds(); since > 0.1 { // products report together
		p.rate = float64(max(e.Scanned-before.Scanned, 0)) / since
		p.at = now
	}
	p.products[e.Product], p.isNew = e, true
}

// Stop stops drawing and clears the terminal's line.
func (p *Progress) Stop() {
	close(p.done)
	<-p.stopped
}

func (p *Progress) draw(interval time.Duration) {
	defer close(p.stopped)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.show()
		case <-p.done:
			if p.bar != nil {
				_ = p.bar.Clear()
			}
			return
		}
	}
}

func (p *Progress) show() {
	sum, guess, isNew := p.sum()
	memory := ""
	if sum.RSS > 0 {
		memory = Bytes(sum.RSS)
	}
	if p.bar != nil {
		p.bar.Describe(paint(p.options.Color, "[cyan]", "syncing", "[reset]") + " " + memory)
		_ = p.bar.Set64(guess) // a screen that cannot be drawn on is no reason to stop
		return
	}
	if !isNew { // the run reads nothing any more: it writes, or it watches
		return
	}
	total := ""
	if p.options.Total > 0 {
		total = " of " + Count(p.options.Total)
	}
	rate := int64(float64(sum.Scanned) / time.Since(p.begin).Seconds())
	_, _ = fmt.Fprintf(p.options.Out, "%s%s pools, %s pools/s, %s ours, %s\n", Count(sum.Scanned), total, Count(rate), Count(sum.Matched), memory)
}

// sum returns what was reported, a guess of how far the sync has got since, and whether anything was reported since the last sum.
func (p *Progress) sum() (sum entry, guess int64, isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	isNew, p.isNew = p.isNew, false
	for _, e := range p.products {
		sum.Scanned += e.Scanned
		sum.Matched += e.Matched
		sum.RSS = max(sum.RSS, e.RSS)
	}
	since := min(time.Since(p.at), reportInterval)
	guess = sum.Scanned + int64(p.rate*since.Seconds())
	if p.options.Hint != nil {
		guess = max(guess, p.options.Hint())
	}
	if p.options.Total > 0 {
		guess = min(guess, p.options.Total-1) // a full bar looks finished
	}
	return sum, max(guess, 0), isNew
}
