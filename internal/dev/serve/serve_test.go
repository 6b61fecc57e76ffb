package serve_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"tokensync/internal/dev/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func echoPath(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }

func TestServer(t *testing.T) {
	t.Parallel()
	s, err := serve.Start(t.Context(), serve.Local, http.HandlerFunc(echoPath))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(s.URL() + "/a")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if string(body) != "/a" || err != nil {
		t.Errorf("body %q, error %v", body, err)
	}
	if again, err := serve.Start(t.Context(), s.Host(), http.NotFoundHandler()); err == nil {
		t.Error("two servers share a port")
		_ = again.Close()
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Get(s.URL()); err == nil {
		t.Error("it serves after Close")
	}
}

// TestCloseWithAnOpenConnection cuts off an answer that never ends.
func TestCloseWithAnOpenConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", serve.Local)
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{})
	s := serve.On(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}))
	failed := make(chan error)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		r, err := client.Get(s.URL())
		if err == nil {
			_ = r.Body.Close()
		}
		failed <- err
	}()
	<-begun
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if <-failed == nil {
		t.Error("the request was answered")
	}
}
