package metadata

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

const cid = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"

func reply(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestFetch(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	full := token.Face{
		ImageURL: "https://img.example/a.png", Description: "To the moon 🚀", Website: "https://site.example/",
		Twitter: "https://x.com/louie", Telegram: "https://t.me/louie_chat",
	}
	h.serve("meta.example", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/picture":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(bytes.Repeat([]byte{1}, 1<<20))
		case "/moved":
			http.Redirect(w, r, "https://ipfs.example/ipfs/"+cid, http.StatusFound)
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"image":"https://img.example/z.png"}`)
			_ = z.Close()
		default:
			w.Header().Set("Content-Type", "text/plain") // whatever it says
			_, _ = io.WriteString(w, `{"image":"https://img.example/a.png","description":" To the\u0000 moon \u202e🚀",
				"website":"https://site.example/","twitter":"@louie","telegram":"https://t.me/louie_chat"}`)
		}
	})
	h.serve("ipfs.example", reply(`{"image":"ipfs://`+cid+`/1.png","extensions":{"website":"site.example","twitter":"https://twitter.com/x"}}`))
	h.serve("ar.example", reply(`{"properties":{"files":[{"uri":"https://img.example/f.png"}]},"socials":{"telegram":"chat_room"},"image":7}`))
	ipfs := token.Face{
		ImageURL: "https://dead.example/ipfs/" + cid + "/1.png", Website: "https://site.example", Twitter: "https://twitter.com/x",
	}
	tests := []struct {
		name, uri string
		want      token.Face
	}{
		{"https", "https://meta.example/1.json", full},
		{"the picture itself", "https://meta.example/picture", token.Face{ImageURL: "https://meta.example/picture"}},
		{"gzip", "https://meta.example/zipped", token.Face{ImageURL: "https://img.example/z.png"}},
		{"redirect", "https://meta.example/moved", ipfs},
		{"ipfs, the first gateway is dead", "ipfs://" + cid, ipfs},
		{"ipfs with its name twice", "ipfs://ipfs/" + cid, ipfs},
		{"a path of ipfs", "/ipfs/" + cid, ipfs},
		{"the creator's gateway is dead", "https://gone.example/ipfs/" + cid, ipfs},
		{"arweave", "ar://" + strings.Repeat("a", 43), token.Face{ImageURL: "https://img.example/f.png", Telegram: "https://t.me/chat_room"}},
	}
	c := h.client()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Fetch(t.Context(), test.uri)
			test.want.URI = test.uri
			if err != nil || !cmp.Equal(test.want, got) {
				t.Errorf("error %v\n%s", err, cmp.Diff(test.want, got))
			}
		})
	}
}

// TestHostileAddresses holds that not one connection goes anywhere but to hosts that are public.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.names["local.example"] = []string{"127.0.0.1"}
	h.names["imds.example"] = []string{"169.254.169.254"}
	h.names["ten.example"] = []string{"10.0.0.1"}
	h.names["nat.example"] = []string{"100.64.1.1"}
	h.names["v6.example"] = []string{"::1"}
	h.names["mapped.example"] = []string{"::ffff:127.0.0.1"}
	h.names["nat64.example"] = []string{"64:ff9b::7f00:1"}
	h.names["sixto4.example"] = []string{"2002:7f00:1::"}
	h.names["ula.example"] = []string{"fd00::1"}
	h.names["link.example"] = []string{"fe80::1"}
	h.names["zero.example"] = []string{"0.0.0.0"}
	h.names["mixed.example"] = []string{publicIP + " 127.0.0.1"}
	h.names["multicast.example"] = []string{"224.0.0.1"}
	h.names["broadcast.example"] = []string{"255.255.255.255"}
	for i, to := range []string{
		"http://meta.example/", "https://127.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://local.example/",
		"https://localhost:9001/2018-06-01/runtime/invocation/next", "file:///etc/passwd", "https://user@meta.example/", "//imds.example/x",
	} {
		h.serve(fmt.Sprintf("to%d.example", i), func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	}
	h.serve("loop.example", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://loop.example/again", http.StatusFound)
	})
	uris := []string{
		"", " ", "x", "http://meta.example/1", "ftp://meta.example/1", "file:///etc/passwd", "data:application/json,{}", "javascript:alert(1)",
		"gopher://meta.example/", "HTTP://meta.example", "//meta.example/1", "https://", "https:///x", "https://user:pw@meta.example/1",
		"https://meta.example:80/", "https://meta.example:8443/", "https://localhost/", "https://localhost:9001/2018-06-01/runtime/invocation/next",
		"https://127.0.0.1/", "https://127.0.0.1:9001/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://2130706433/",
		"https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f.0.0.0x1/", "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/",
		"https://1.1.1.1/", "https://metadata/", "https://a.local.0/", "https://local.example/", "https://imds.example/", "https://ten.example/",
		"https://nat.example/", "https://v6.example/", "https://mapped.example/", "https://nat64.example/", "https://sixto4.example/", "https://ula.example/",
		"https://link.example/", "https://zero.example/", "https://mixed.example/", "https://multicast.example/", "https://broadcast.example/",
		"ipfs://../../etc/passwd", "ipfs://", "ipfs://" + cid[:20], "/ipfs/../x", "ar://short", "ar://" + strings.Repeat("a", 43) + "x", "https://%zz", "https://a\x00b.example/",
		"https://" + strings.Repeat("a", 2000) + ".example/", "https://to0.example/", "https://to1.example/", "https://to2.example/", "https://to3.example/",
		"https://to4.example/", "https://to5.example/", "https://to6.example/", "https://to7.example/", "https://loop.example/",
	}
	c := h.client()
	refused := 0
	for _, uri := range uris {
		face, err := c.Fetch(t.Context(), uri)
		if !errors.Is(err, ErrRefused) || !errors.Is(err, syncrun.ErrFinal) || face != (token.Face{}) {
			t.Errorf("%.60q: %v, %+v", uri, err, face)
			continue
		}
		refused++ // as a run counts it
	}
	// Those that redirect were asked, over one connection to what stands for every public host, or a few.
	if n := h.dials.Load(); refused != len(uris) || refused < 60 || n < 1 || n > 9 {
		t.Errorf("%d of %d were refused, with %d connections", refused, len(uris), n)
	}
}

// TestRebinding resolves a name to a public address first and to one inside from then on.
func TestRebinding(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.serve("rebind.example", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, `{"image":"https://img.example/1.png"}`)
	})
	h.names["rebind.example"] = []string{publicIP, "127.0.0.1"}
	c := h.client()
	if _, err := c.Fetch(t.Context(), "https://rebind.example/"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), "https://rebind.example/"); !errors.Is(err, ErrRefused) {
		t.Errorf("second look-up: %v", err)
	}
	if n := h.dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestUnusableAnswers are worth another try: a host may mend them.
func TestUnusableAnswers(t *testing.T) {
	t.Parallel()
	bomb := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 1 << 10 {
			if _, err := z.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	tests := map[string]http.HandlerFunc{
		"404":         http.NotFound,
		"403":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"HTML":        reply("<!doctype html><title>x</title>"),
		"nothing":     reply(""),
		"null":        reply("null"),
		"an array":    reply("[]"),
		"10 MB":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 10<<20)) },
		"a gzip bomb": bomb,
		"a truncated body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		},
		"huge headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHosts(t)
			h.serve("odd.example", handler)
			face, err := h.client().Fetch(t.Context(), "https://odd.example/")
			if err == nil || errors.Is(err, ErrRefused) || face != (token.Face{}) {
				t.Errorf("error %v, %+v", err, face)
			}
		})
	}
}

func TestStallingHostEndsWithTheContext(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	reached := make(chan struct{})
	h.serve("slow.example", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		close(reached)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if _, err := h.client().Fetch(ctx, "https://slow.example/"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       token.Face
	}{
		{"nothing usable", `{"image":5,"website":{"a":1},"twitter":["x"]}`, token.Face{}},
		{"markup", `{"image":"https://a.example/\"><script>","website":"javascript:alert(1)","telegram":"https://t.me/<b>"}`, token.Face{ImageURL: "https://a.example/%22%3E%3Cscript%3E", Telegram: "https://t.me/%3Cb%3E"}},
		{"http is left out", `{"image":"http://a.example/1.png","website":"http://a.example"}`, token.Face{}},
		{"data URL", `{"image":"data:image/png;base64,AAAA"}`, token.Face{}},
		{"inside", `{"image":"https://127.0.0.1/a.png","website":"https://localhost/"}`, token.Face{}},
		{"x", `{"x":"some_name"}`, token.Face{Twitter: "https://x.com/some_name"}},
		{"external_url", `{"external_url":"https://a.example"}`, token.Face{Website: "https://a.example"}},
		{"a byte order mark", "\ufeff{\"description\":\"d\"}", token.Face{Description: "d"}},
		{"long description", `{"description":"` + strings.Repeat("é", 2000) + `"}`, token.Face{Description: strings.Repeat("é", 1000)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := DefaultGateways.parse([]byte(test.body))
			if err != nil || !cmp.Equal(test.want, got) {
				t.Errorf("error %v\n%s", err, cmp.Diff(test.want, got))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"image":"ipfs://` + cid + `","extensions":{"twitter":"@a"},"properties":{"files":[{"uri":"https://a.b/c"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		face, err := DefaultGateways.parse(body)
		if err != nil {
			return
		}
		for _, address := range []string{face.ImageURL, face.Website, face.Twitter, face.Telegram} {
			if address != "" && (!strings.HasPrefix(address, "https://") || len(address) > maxAddress || strings.ContainsAny(address, "\"'<> ")) {
				t.Errorf("address %q", address)
			}
		}
	})
}

// TestHostsOfALocalRun: they stand for themselves, and nothing else is asked.
func TestHostsOfALocalRun(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.serve("meta.example", reply(`{"image":"https://img.example/a.png"}`))
	roots := x509.NewCertPool()
	roots.AddCert(h.server.Certificate())
	c := New(Options{
		Hosts:    map[string]string{"meta.example": h.server.Listener.Addr().String()},
		Resolver: h, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12},
	})
	t.Cleanup(c.Close)
	if face, err := c.Fetch(t.Context(), "https://meta.example/1"); err != nil || face.ImageURL == "" {
		t.Errorf("%+v, %v", face, err)
	}
	for _, uri := range []string{"https://other.example/1", "https://localhost/1", "https://127.0.0.1/1", "ipfs://" + cid} {
		if _, err := c.Fetch(t.Context(), uri); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
