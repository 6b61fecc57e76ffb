package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS is what an HTTP API tells browsers about pages of other origins. Its zero value tells them nothing.
type CORS struct {
	Origins, Methods, Headers, Expose []string // "*" among Origins is every origin
	MaxAge                            time.Duration
}

// Wrap puts c before next. As API Gateway does, it responds to every OPTIONS request itself.
func (c CORS) Wrap(next http.Handler) http.Handler {
	if len(c.Origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := c.origin(r.Header.Get("Origin"))
		if allowed != "" {
			w.Header().Set("Access-Control-Allow-Origin", allowed)
			setList(w, "Access-Control-Expose-Headers", c.Expose)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if allowed != "" && slices.Contains(c.Methods, r.Header.Get("Access-Control-Request-Method")) {
			setList(w, "Access-Control-Allow-Methods", c.Methods)
			setList(w, "Access-Control-Allow-Headers", c.Headers)
			w.Header().Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge/time.Second)))
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// origin returns what a page of an origin is told; "" for one that may not read.
func (c CORS) origin(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(c.Origins, "*"):
		return "*"
	case slices.Contains(c.Origins, origin):
		return origin
	}
	return ""
}

func setList(w http.ResponseWriter, name string, values []string) {
	if len(values) > 0 {
		w.Header().Set(name, strings.Join(values, ","))
	}
}
