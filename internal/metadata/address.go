package metadata

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"tokensync/internal/syncrun"
)

// ErrRefused is wrapped by every error about an address that is never asked. Asking again does not help.
var ErrRefused = fmt.Errorf("address refused: %w", syncrun.ErrFinal)

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// Gateways turn content addresses into https addresses, each by what it puts before a content's path. They are tried in
// order.
type Gateways struct {
	IPFS    []string // such as https://ipfs.io/ipfs/
	Arweave []string // such as https://arweave.net/
}

// DefaultGateways are public. They refuse, stall and die: whoever has a gateway of his own puts it first.
var DefaultGateways = Gateways{
	IPFS:    []string{"https://ipfs.io/ipfs/", "https://dweb.link/ipfs/", "https://gateway.pinata.cloud/ipfs/"},
	Arweave: []string{"https://arweave.net/", "https://gateway.irys.xyz/"},
}

// maxURI bounds an address. On chain a URI has at most 200 bytes.
const maxURI = 1024

// compiled returns what compiles an expression when it is first needed: every function links this package, and next to none needs it, but
// compiling takes a tenth of a cold start.
func compiled(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// A content identifier of IPFS, version 0 or 1, with a path after it.
var ipfsPath = compiled(`^(Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{50,})(/.*)?$`)

// addresses lists the https addresses that serve uri, the best first. The error wraps ErrRefused.
func (g *Gateways) addresses(uri string) ([]string, error) {
	if len(uri) > maxURI {
		return nil, refused("longer than %d bytes", maxURI)
	}
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil {
		return nil, refused("not a URL")
	}
	switch strings.ToLower(u.Scheme) {
	case "ipfs":
		return g.content(g.IPFS, strings.TrimPrefix(path.Join(u.Host, u.Path), "ipfs/"), ipfsPath())
	case "ar":
		return g.content(g.Arweave, path.Join(u.Host, u.Path), arweavePath())
	case "":
		if inner, ok := strings.CutPrefix(u.Path, "/ipfs/"); ok && u.Host == "" {
			return g.content(g.IPFS, inner, ipfsPath())
		}
	}
	if err := check(u); err != nil {
		return nil, err
	}
	all := []string{u.String()}
	if _, inner, ok := strings.Cut(u.Path, "/ipfs/"); ok && ipfsPath().MatchString(inner) {
		more, err := g.content(g.IPFS, inner, ipfsPath())
		if err == nil {
			all = append(all, more...) // the gateway that the creator chose may be gone
		}
	}
	return all, nil
}

// A transaction of Arweave, with a path after it.
var arweavePath = compiled(`^[A-Za-z0-9_-]{43}(/.*)?$`)

func (g *Gateways) content(gateways []string, inner string, form *regexp.Regexp) ([]string, error) {
	inner = strings.TrimPrefix(inner, "/")
	if !form.MatchString(inner) {
		return nil, refused("not a content address")
	}
	if len(gateways) == 0 {
		return nil, refused("no gateway is configured for it")
	}
	all := make([]string, len(gateways))
	for i, gateway := range gateways {
		all[i] = gateway + (&url.URL{Path: inner}).EscapedPath()
	}
	return all, nil
}

// check reports why u must not be asked: it is not https on its own port, names a user, or names an address inside.
// Names are checked again at the dial, by what they resolve to.
func check(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Scheme != "https":
		return refused("scheme %.16q is not https", u.Scheme)
	case u.User != nil:
		return refused("it has user information")
	case u.Port() != "" && u.Port() != httpsPort:
		return refused("port %.8s", u.Port())
	case host == "" || !strings.Contains(strings.TrimSuffix(host, "."), ".") && !strings.Contains(host, ":"):
		return refused("host %.64q has no domain", host)
	case looksNumeric(host):
		return refused("host %.64q is not a name", host)
	}
	return nil
}

const httpsPort = "443"

// looksNumeric reports whether host is an IP address in any spelling that a resolver may take: dotted, decimal, octal,
// hexadecimal, IPv6. No token's host needs one.
func looksNumeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndexByte(strings.TrimSuffix(host, "."), '.')+1:]
	last = strings.ToLower(strings.TrimSuffix(last, "."))
	return last == "" || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
}

// special are ranges that netip's own methods do not cover and that lead inside, to many hosts, or to nowhere.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),        // IPv4-compatible
	netip.MustParsePrefix("64:ff9b::/96"), // NAT64: an IPv4 address inside
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// isPublic reports whether ip is an address on the public Internet.
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.Zone() != "" || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}
