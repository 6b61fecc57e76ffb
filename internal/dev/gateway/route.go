package gateway

import (
	"errors"
	"strings"
)

type route struct {
	method, path string
	segments     []string
	function     Invoker
	authorizer   *Authorizer
}

func parseRoute(r Route) (route, error) {
	if r.Function == nil {
		return route{}, errors.New("no function")
	}
	if !strings.HasPrefix(r.Path, "/") {
		return route{}, errors.New("the path does not begin with a slash")
	}
	segments := split(r.Path)
	for i, s := range segments {
		if strings.HasSuffix(s, "+}") && i != len(segments)-1 {
			return route{}, errors.New("only the last part may take the rest of the path")
		}
	}
	return route{method: strings.ToUpper(r.Method), path: r.Path, segments: segments, function: r.Function, authorizer: r.Authorizer}, nil
}

// match returns the most specific route: text goes before a {parameter}, that before a {greedy+} one; a method before ANY.
func (g *Gateway) match(method, path string) (*route, map[string]string) {
	var best *route
	var found map[string]string
	for i := range g.routes {
		r := &g.routes[i]
		if r.method != method && r.method != "ANY" {
			continue
		}
		if parameters, ok := r.parameters(path); ok && (best == nil || r.moreSpecific(best)) {
			best, found = r, parameters
		}
	}
	return best, found
}

// parameters returns the path's parameters, and false if it does not match.
func (r *route) parameters(path string) (map[string]string, bool) {
	parts, out := split(path), map[string]string{}
	for i, s := range r.segments {
		name, isParameter := parameterName(s)
		switch {
		case i >= len(parts):
			return nil, false
		case strings.HasSuffix(s, "+}"):
			out[name] = strings.Join(parts[i:], "/")
			return out, parts[i] != ""
		case isParameter && parts[i] != "":
			out[name] = parts[i]
		case s != parts[i]:
			return nil, false
		}
	}
	return out, len(parts) == len(r.segments)
}

func (r *route) moreSpecific(than *route) bool {
	for i := range min(len(r.segments), len(than.segments)) {
		if a, b := rank(r.segments[i]), rank(than.segments[i]); a != b {
			return a < b
		}
	}
	return r.method != "ANY" && than.method == "ANY"
}

func rank(segment string) int {
	switch _, isParameter := parameterName(segment); {
	case strings.HasSuffix(segment, "+}"):
		return 2
	case isParameter:
		return 1
	}
	return 0
}

func parameterName(segment string) (string, bool) {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}
	return strings.TrimRight(name, "+}"), strings.HasSuffix(name, "}")
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// key returns the route as API Gateway names it in events.
func (r *route) key() string { return r.method + " " + r.path }
