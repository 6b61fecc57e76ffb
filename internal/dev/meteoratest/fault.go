package meteoratest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tokensync/internal/dev/serve"
)

// Request is what a FaultFunc decides by.
type Request struct {
	Product string
	Path    string // below the product's base URL: "/pools"
	Page    int    // the page parameter; 0 when there is none
	N       int    // counts the requests to the product, from 1
	HTTP    *http.Request
}

func newRequest(r *http.Request, product, path string, n int) Request {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	return Request{Product: product, Path: path, Page: page, N: n, HTTP: r}
}

// FaultFunc picks a request's fault; nil means a proper answer. It must be safe for concurrent use.
type FaultFunc func(Request) *Fault

// Cut is what breaks a body at Fault.After.
type Cut int

// The ways in which a body breaks.
const (
	NoCut        Cut = iota
	Reset            // the connection is reset
	Stall            // nothing more is sent for Fault.Pause (0: until the client gives up), then the rest
	Truncate         // the body ends, as if complete: sound gzip of half a JSON text
	TruncateWire     // the body ends in the middle of the gzip stream; the same as Truncate without gzip
	Corrupt          // one byte of the JSON text becomes NUL, which is not valid anywhere in JSON
	CorruptWire      // one bit of the body as sent flips: a gzip checksum error, say
)

// Fault is one misbehaviour; the fields combine. The zero value is a proper answer.
type Fault struct {
	Delay time.Duration // before anything is sent

	// With Status, the answer is only this status, these headers and Body.
	Status      int
	Header      map[string]string
	RetryAfter  string // the header as it is: seconds or an HTTP date
	Location    string // for a redirect
	ContentType string // "" means text/plain
	Body        string

	Cut   Cut
	After int64 // JSON bytes before the cut (bytes as sent for CorruptWire); past the body's end nothing happens
	Pause time.Duration

	// How the body is sent.
	Drip     time.Duration // before each byte of JSON
	Encoding string        // the Content-Encoding, whatever the client accepts; "br" is sound Brotli, anything else a false label
	BOM      bool          // a byte order mark stands before the JSON
	Zeros    int           // n NUL bytes follow the body, after its gzip stream if there is one

	// What the envelope says.
	TotalDelta    int  // added to the total; pages follows the true one
	PageSize      int  // used and reported instead of the page size that was asked for
	PagesDown     bool // pages is rounded down, so that the last page seems not to exist
	NoPageNumbers bool // neither pages nor current_page nor page_size
	SamePage      bool // the first page, whatever page was asked for

	// What the rows are.
	Empty     bool  // no rows
	Shift     int   // rows start n earlier: the last of the page before are repeated, the last of this one left out
	NoAddress int   // n rows have no address: left out, null, "" in turn
	NoMint    int   // n rows have no mints
	NaN       int   // n rows have NaN for their price, which is not JSON
	HugeName  int   // the first row's name is n bytes long
	Spaces    int64 // n spaces before the first row; compressed, a gzip bomb
}

// SetFault replaces Config.Fault; nil switches faults off. Clients without a name are refused in any case.
func (s *Server) SetFault(f FaultFunc) {
	if f == nil {
		f = func(Request) *Fault { return nil }
	}
	f = FirstOf(nameless, f)
	s.fault.Store(&f)
}

// nameless refuses what the live servers were seen to refuse: no user agent, or Python's default.
func nameless(r Request) *Fault {
	if agent := r.HTTP.UserAgent(); agent == "" || strings.HasPrefix(strings.ToLower(agent), "python") {
		f := Cloudflare(1010)
		return &f
	}
	return nil
}

func (s *Server) faultFor(r Request) *Fault {
	if f := (*s.fault.Load())(r); f != nil {
		return f
	}
	return &Fault{}
}

// paging returns the page that is answered instead of the one that was asked for; pages count from first.
func (f *Fault) paging(page, size, first int) (int, int) {
	if f.SamePage {
		page = first
	}
	if f.PageSize > 0 {
		size = f.PageSize
	}
	return page, size
}

// instead writes the answer that takes the place of a proper one, if there is one.
func (f *Fault) instead(w http.ResponseWriter) bool {
	if f.Status == 0 {
		return false
	}
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location, "Content-Type": f.ContentType} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	if f.ContentType == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body))
	return true
}

// Always returns f for every request.
func Always(f Fault) FaultFunc { return func(Request) *Fault { return &f } }

// OnPage returns f for requests for one page of one product.
func OnPage(product string, page int, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Product == product && r.Page == page {
			return &f
		}
		return nil
	}
}

// OnProduct returns f for every request for one product.
func OnProduct(product string, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Product == product {
			return &f
		}
		return nil
	}
}

// Beyond returns f for requests for pages of a product's list past one: a server that refuses deep pages, with a status or Empty.
func Beyond(product string, page int, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Product == product && r.Page > page {
			return &f
		}
		return nil
	}
}

// LongURL returns f for requests whose path and query have more bytes: a 400, say, where Config.MaxURL leads to a 414.
func LongURL(bytes int, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if len(r.HTTP.RequestURI) > bytes {
			return &f
		}
		return nil
	}
}

// Cloudflare returns the answer of the network before Meteora's servers: 1010 (the client's kind is banned) and 1020 (a rule forbids
// it) come with 403, 1015 (too many requests) with 429, and 520 to 524 (the servers behind fail) are statuses themselves.
func Cloudflare(code int) Fault {
	status := code
	switch code {
	case 1010, 1020:
		status = http.StatusForbidden
	case 1015:
		status = http.StatusTooManyRequests
	}
	return Fault{Status: status, Body: "error code: " + strconv.Itoa(code), Header: map[string]string{"Server": "cloudflare", "CF-RAY": "9c1f0e2ab8d3c1f2-FRA"}}
}

// Challenge returns Cloudflare's page that only a browser gets past.
func Challenge() Fault {
	return Fault{
		Status: http.StatusForbidden, ContentType: "text/html; charset=UTF-8",
		Header: map[string]string{"Server": "cloudflare", "CF-RAY": "9c1f0e2ab8d3c1f2-FRA", "cf-mitigated": "challenge"},
		Body: `<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><meta http-equiv="refresh" content="360"></head>` +
			`<body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>`,
	}
}

// OnRequest returns f for the n-th request to a product, counted from 1 over the server's life.
func OnRequest(product string, n int, f Fault) FaultFunc {
	return func(r Request) *Fault {
		if r.Product == product && r.N == n {
			return &f
		}
		return nil
	}
}

// Times lets f misbehave n times, then no more.
func Times(n int, f FaultFunc) FaultFunc { return serve.Times(n, f) }

// FirstOf returns the fault of the first function that has one.
func FirstOf(fs ...FaultFunc) FaultFunc { return serve.FirstOf(fs...) }

// RandomFaults makes that share of requests (0 to 1) fail in ways that a retry mends: 429, 500, 503, a reset, a truncated
// body, a slow answer. The same seed gives the n-th request of a product the same fault.
func RandomFaults(seed uint64, probability float64) FaultFunc {
	return func(r Request) *Fault {
		h := mix(seed ^ mix(uint64(r.N)<<8|uint64(len(r.Product))<<4|uint64(r.Product[len(r.Product)-1]&15)))
		if float64(h>>11)/(1<<53) >= probability {
			return nil
		}
		return transientFault(mix(h))
	}
}

func transientFault(h uint64) *Fault {
	after := int64(h >> 8 % 50_000)
	switch h % 8 {
	case 0:
		return &Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}
	case 1:
		soon := time.Now().Add(2 * time.Second).UTC() // dates have whole seconds
		return &Fault{Status: http.StatusTooManyRequests, RetryAfter: soon.Format(http.TimeFormat)}
	case 2:
		return &Fault{Status: http.StatusInternalServerError, Body: "Internal Server Error"}
	case 3:
		return &Fault{Status: http.StatusServiceUnavailable}
	case 4:
		return &Fault{Cut: Reset, After: after}
	case 5:
		return &Fault{Cut: Truncate, After: after}
	case 6:
		return &Fault{Cut: TruncateWire, After: after}
	default:
		return &Fault{Cut: Stall, After: after, Pause: 300 * time.Millisecond}
	}
}
