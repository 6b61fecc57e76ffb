// Package meteoratest is a fake of Meteora's Data APIs over real HTTP, of any size, with faults to switch on. It answers as
// the live servers were seen to answer, not as they are documented.
//
// Pools are computed from a seed and their index whenever an answer needs them, so a million of them take no
// memory; an address decodes to its pool's index, so filters by address need no list either. What the package
// knows about Meteora comes from its OpenAPI descriptions and from recorded answers. It shares no code with the
// clients that it tests, and it does not import testing, so that the local stack can run it as well.
package meteoratest

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tokensync/internal/dev/serve"
)

// The size of the incident that tokensync answers to, a launchpad whose name pools carry, and the launchpad ID that was right
// all along: a config's key, which no pool carries.
const (
	DefaultPools     = 132967
	DefaultOurs      = 512
	DefaultLaunchpad = "moonyard"
	IncidentKey      = "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V"
)

// The products, as Server.URL and Config.RateLimit name them.
const (
	DLMM    = "dlmm"
	DAMMv2  = "damm-v2"
	DAMMv1  = "damm-v1"
	DBCList = "dbc-list" // pools on their bonding curves; undocumented, so a test may let it vanish with OnProduct and a 404
)

// An api is a product as Meteora offers it.
type api struct {
	name  string
	kind  int     // in keys
	rate  float64 // documented limit, in requests a second
	quota Quota   // of its rate headers
}

var apis = []api{
	{DLMM, kindDLMM, 30, Quota{300, 10 * time.Second}},
	{DAMMv2, kindDAMMv2, 10, Quota{300, 10 * time.Second}},
	{DAMMv1, kindDAMMv1, 10, Quota{100, 10 * time.Second}},
	{DBCList, kindDBC, 10, Quota{}},
}

// Products returns the products' names.
func Products() (names []string) {
	for _, of := range apis {
		names = append(names, of.name)
	}
	return names
}

// Config describes what the fake holds and how it behaves. The zero value is ready to use.
type Config struct {
	Pools     int            // in each product; 0 means DefaultPools, a negative number none
	PoolsOf   map[string]int // by product, instead of Pools
	Ours      int            // how many of each product's pools carry Launchpad; 0 means DefaultOurs, a negative number none
	Launchpad string         // what our pools carry, whatever it is; "" means DefaultLaunchpad
	Seed      uint64         // another seed, other pools
	Newest    time.Time      // when the newest pool was created; zero means the day of the incident

	// RateLimit is in requests a second by product; 0 or less switches it off, and the quota with it. A missing product
	// has Meteora's documented limit. A steady client at the limit is never refused: half a second's worth may come at once.
	RateLimit map[string]float64
	// Quota is what the rate headers report, and what is enforced, by product. A missing product has the limit that was
	// observed, in a window of ten seconds, which is a guess.
	Quota map[string]Quota

	LaunchpadFilter bool          // damm-v1 honours launchpad=; what it really does was never seen
	OneArray        bool          // damm-v1 answers /pools without an address with every pool in one array, as in the incident
	Latency         time.Duration // before every answer
	MaxURL          int           // bytes of path and query; more is a 414; 0 means 8192
	Fault           FaultFunc     // asked for every request; nil means no faults
	Dialect         Dialect       // of lists in filter_by, until SetDialect; "" means Commas

	// Launched are the tokens of launchpads on the chain, until SetLaunched.
	Launched []Launched
	// Strangers is how many pools other people opened of each of them in DLMM, once it has graduated; 0 means up to two.
	Strangers int
	// StandStill keeps the market where it is when Tick is called.
	StandStill bool
	// Untouched keeps Tick from giving any pool new figures: only the market moves then.
	Untouched bool
}

const defaultMaxURL = 8192

// meter returns a product's.
func (c Config) meter(of api) *meter {
	m := &meter{rate: of.rate, quota: of.quota}
	if rate, set := c.RateLimit[of.name]; set {
		m.rate = rate
	}
	if m.rate <= 0 {
		m.quota = Quota{}
	}
	if quota, set := c.Quota[of.name]; set {
		m.quota = quota
	}
	return m
}

func (c Config) withDefaults() Config {
	c.Pools = orDefault(c.Pools, DefaultPools)
	c.Ours = orDefault(c.Ours, DefaultOurs)
	c.MaxURL = orDefault(c.MaxURL, defaultMaxURL)
	if c.Launchpad == "" {
		c.Launchpad = DefaultLaunchpad
	}
	if c.Newest.IsZero() {
		c.Newest = time.Date(2026, 2, 5, 18, 48, 1, 0, time.UTC)
	}
	return c
}

func orDefault(n, byDefault int) int {
	if n == 0 {
		return byDefault
	}
	return max(n, 0)
}

// Server is the fake: an http.Handler, and a server of itself after Start or Serve. It is safe for concurrent use.
type Server struct {
	cfg      Config
	products map[string]*product
	fault    atomic.Pointer[FaultFunc]
	ticks    atomic.Uint64
	dialects dialects

	mu     sync.Mutex
	http   *serve.Server // nil before Start
	closed chan struct{}
	once   sync.Once
}

// product is one of the APIs.
type product struct {
	name  string
	world atomic.Pointer[world]
	mu    sync.Mutex // held while world is replaced
	meter *meter
}

// New returns a fake; it does not listen yet.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, products: map[string]*product{}, closed: make(chan struct{})}
	u := newUniverse(cfg)
	for _, of := range apis {
		n, set := cfg.PoolsOf[of.name]
		if !set {
			n = cfg.Pools
		}
		p := &product{name: of.name, meter: cfg.meter(of)}
		w := newWorld(u, of.kind, max(n, 0))
		w.launch(cfg.Launched)
		p.world.Store(w)
		s.products[of.name] = p
	}
	s.dialects.of, s.dialects.general = map[[2]string]Dialect{}, cmp.Or(cfg.Dialect, Commas)
	s.SetFault(cfg.Fault)
	return s
}

// Launchpad returns what our pools carry.
func (s *Server) Launchpad() string { return s.cfg.Launchpad }

// Start listens on a free port of 127.0.0.1 and serves in the background until Close.
func (s *Server) Start() error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", serve.Local)
	if err != nil {
		return fmt.Errorf("meteoratest: %w", err)
	}
	s.Serve(l)
	return nil
}

// Serve serves in the background on l until Close.
func (s *Server) Serve(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.http = serve.On(l, s)
}

// Close stops the server and cuts off answers that are under way.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil {
		return nil
	}
	return s.http.Close()
}

// URL returns the base URL of a product, without a slash at the end: GET {URL}/pools. It is only a path before Start.
func (s *Server) URL(product string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	base := ""
	if s.http != nil {
		base = s.http.URL()
	}
	return base + "/" + s.product(product).name
}

func (s *Server) product(name string) *product {
	p, ok := s.products[name]
	if !ok {
		panic("meteoratest: no product " + name)
	}
	return p
}

// ServeHTTP answers for all products, each under its name as the first part of the path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p, ok := s.products[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	n, allowed := p.meter.arrive(time.Now(), w.Header())
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	defer func() { p.meter.leave(rec) }() // also when a fault panics
	switch {
	case r.Method != http.MethodGet:
		plainText(rec, http.StatusMethodNotAllowed, "method not allowed")
	case len(r.RequestURI) > s.cfg.MaxURL:
		plainText(rec, http.StatusRequestURITooLong, "URI too long")
	case !allowed: // without Retry-After, as far as anybody has seen
		plainText(rec, http.StatusTooManyRequests, "Too Many Requests")
	default:
		s.answer(rec, r, p, "/"+path, n)
	}
}

// answer applies the fault, if any, and routes.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, p *product, path string, n int) {
	f := s.faultFor(newRequest(r, p.name, path, n))
	if !s.sleep(r.Context(), s.cfg.Latency+f.Delay) || f.instead(w) {
		return
	}
	a := &answer{s: s, w: w, r: r, world: p.world.Load(), fault: f, product: p.name}
	address, one := strings.CutPrefix(path, "/pools/")
	switch {
	case path == "/pools" && p.name == DAMMv1:
		a.array()
	case path == "/pools/search" && p.name == DAMMv1:
		a.search()
	case path == "/pools":
		a.page()
	case one && p.name != DAMMv1 && address != "groups" && !strings.Contains(address, "/"): // groups are gone
		a.single(address)
	default:
		plainText(w, http.StatusNotFound, "Not Found")
	}
}

// sleep waits for d; it is false when the client or the server went away.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
	case <-s.closed:
	}
	return false
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// acceptsGzip reports whether the client takes gzip; "gzip;q=0" is a no.
func acceptsGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(coding string) bool {
		name, q, _ := strings.Cut(strings.TrimSpace(coding), ";")
		return (name == "gzip" || name == "*") && strings.TrimSpace(q) != "q=0"
	})
}
