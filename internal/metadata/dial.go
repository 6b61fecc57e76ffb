package metadata

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Timeouts and bounds of one request.
const (
	dialTimeout    = 3 * time.Second
	headerTimeout  = 4 * time.Second
	maxHeaderBytes = 16 << 10
	maxIdleConns   = 8
)

// A Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A dialer connects to public addresses only. It resolves a name once and dials the address that it checked.
type dialer struct {
	hosts    map[string]string // nil for the public Internet
	resolver Resolver
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

func (d *dialer) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != httpsPort {
		return nil, refused("dialling %.80q", address)
	}
	if d.hosts != nil {
		stand, ok := d.hosts[host]
		if !ok {
			return nil, refused("%.64q is not among the hosts that may be asked", host)
		}
		return d.dial(ctx, network, stand)
	}
	ips, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for _, ip := range ips {
		if !isPublic(ip) { // one of them is enough: a public one beside it is bait
			return nil, refused("%.64q resolves to %s", host, ip)
		}
	}
	for _, ip := range ips {
		var conn net.Conn
		if conn, err = d.dial(ctx, network, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	if err == nil {
		err = refused("%.64q resolves to nothing", host)
	}
	return nil, err
}

// transport asks without a proxy, which would resolve names itself.
func (d *dialer) transport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            d.dialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConns:           maxIdleConns,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        10 * time.Second,
		Protocols:              protocols,
	}
}
