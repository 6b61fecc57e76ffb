package metadata

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"tokensync/internal/token"
	"tokensync/internal/upstream"
)

// Bounds of one address.
const (
	maxBody      = 64 << 10 // bytes of JSON, decompressed
	fetchTimeout = 5 * time.Second
	maxRedirects = 3
)

// Options set up a Client. Its zero value asks the public Internet.
type Options struct {
	Gateways  Gateways // those of DefaultGateways where it has none
	UserAgent string

	// Hosts maps names to addresses that stand for public ones, such as meta.example to 127.0.0.1:8443: those of a local
	// stack. With it no other host is asked.
	Hosts map[string]string

	// Tests let hosts of their own stand for public ones.
	Resolver Resolver                                                             // net.DefaultResolver when nil
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // to an address that was checked
	TLS      *tls.Config
}

// Client fetches faces. It is safe for concurrent use.
type Client struct {
	http      *http.Client
	gateways  Gateways
	userAgent string
}

// New returns a client for o.
func New(o Options) *Client {
	d := &dialer{hosts: o.Hosts, resolver: o.Resolver, dial: o.Dial}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	if d.dial == nil {
		d.dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	transport := d.transport()
	transport.TLSClientConfig = o.TLS
	c := &Client{
		http:      &http.Client{Transport: transport, CheckRedirect: checkRedirect},
		gateways:  o.Gateways,
		userAgent: cmp.Or(o.UserAgent, "tokensync"),
	}
	if len(c.gateways.IPFS) == 0 {
		c.gateways.IPFS = DefaultGateways.IPFS
	}
	if len(c.gateways.Arweave) == 0 {
		c.gateways.Arweave = DefaultGateways.Arweave
	}
	return c
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refused("more than %d redirects", maxRedirects)
	}
	return check(r.URL)
}

// Fetch returns the face behind uri. A URI may be the picture itself. The error wraps ErrRefused when asking again
// cannot help.
func (c *Client) Fetch(ctx context.Context, uri string) (token.Face, error) {
	addresses, err := c.gateways.addresses(uri)
	if err != nil {
		return token.Face{}, err
	}
	for _, address := range addresses {
		var face token.Face
		if face, err = c.fetch(ctx, address); err == nil {
			face.URI = uri
			return face, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return token.Face{}, err
}

func (c *Client) fetch(ctx context.Context, address string) (token.Face, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return token.Face{}, refused("not a URL")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return token.Face{}, fmt.Errorf("asking %s: %w", request.URL.Hostname(), upstream.WithoutURL(err))
	}
	defer response.Body.Close() // it was only read
	if response.StatusCode != http.StatusOK {
		return token.Face{}, fmt.Errorf("asking %s: status %d", request.URL.Hostname(), response.StatusCode)
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if strings.HasPrefix(kind, "image/") {
		return token.Face{ImageURL: httpsOnly(address)}, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return token.Face{}, fmt.Errorf("reading from %s: %w", request.URL.Hostname(), upstream.WithoutURL(err))
	}
	if len(body) > maxBody {
		return token.Face{}, fmt.Errorf("reading from %s: more than %d bytes", request.URL.Hostname(), maxBody)
	}
	return c.gateways.parse(body)
}
