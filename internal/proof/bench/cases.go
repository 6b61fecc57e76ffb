package main

import (
	"fmt"
	"strconv"
)

// A shape is how the pools are sent.
type shape struct {
	Paged, Gzip bool
}

var shapes = []shape{{false, false}, {false, true}, {true, false}, {true, true}}

func (s shape) String() string {
	body, encoding := "one array", "plain"
	if s.Paged {
		body = "pages"
	}
	if s.Gzip {
		encoding = "gzip"
	}
	return body + ", " + encoding
}

// A consumer is one way to find our pools, run as a process of its own.
type consumer struct {
	Name    string
	About   string
	command []string
	limit   bool // reads the bytes and finds nothing
	only    func(shape) bool
}

// base is the consumer that all ratios are relative to.
const base = "jsontext"

func consumers(build string) []consumer {
	bin := func(name string) []string { return []string{build + "/" + name} }
	node := func(name string) []string { return []string{"node", "node/" + name + ".mjs"} }
	return []consumer{
		{Name: "tokensync", About: "the sync's decoder", command: bin("ours")},
		{Name: "tokensync, 8 at once", About: "the sync's client", command: bin("client"), only: func(s shape) bool { return s.Paged && s.Gzip }},
		{Name: base, About: "go-json-experiment: ReadValue, byte search before decoding", command: bin("jsontext")},
		{Name: "encoding/json tokens", About: "Decoder with raw elements, byte search before decoding", command: bin("encoding-json-tokens")},
		{Name: "encoding/json", About: "Unmarshal, then filter", command: bin("encoding-json")},
		{Name: "sonic", About: "bytedance/sonic Unmarshal, then filter", command: bin("sonic")},
		{Name: "simdjson-go", About: "minio/simdjson-go Parse, then filter", command: bin("simdjson")},
		{Name: "Node response.json()", About: "then filter: the old service", command: node("response-json")},
		{Name: "Node stream-json", About: "one pool at a time", command: node("stream-json")},
		{Name: "limit: read", About: "bytes read and discarded", command: bin("discard"), limit: true},
		{Name: "limit: gunzip", About: "bytes inflated (compress/gzip) and discarded", command: bin("gunzip"), limit: true, only: func(s shape) bool { return s.Gzip }},
	}
}

// arguments returns the flags that every consumer understands.
func (s shape) arguments(server *server, times int) []string {
	pages := 0
	if s.Paged {
		pages = server.pages
	}
	return []string{
		"--url=" + server.url, "--id=" + server.id, "--pages=" + strconv.Itoa(pages),
		"--times=" + strconv.Itoa(times), fmt.Sprintf("--gzip=%t", s.Gzip),
	}
}
