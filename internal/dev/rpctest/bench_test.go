package rpctest

import (
	"net/http"
	"testing"
)

// BenchmarkNew makes the largest chain that the local stack is asked for.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(Config{Tokens: 100_000})
	}
}

// BenchmarkScan serves one query for the pools of its first config.
func BenchmarkScan(b *testing.B) {
	c := New(Config{Tokens: 100_000, Node: Node{Strangers: 50_000}})
	body := `{"id":1,"method":"getProgramAccounts","params":["` + spell(dbcProgram) +
		`",{"encoding":"base64","filters":[{"memcmp":{"offset":72,"bytes":"` + c.Launchpad() + `"}}]}]}`
	b.ReportAllocs()
	for b.Loop() {
		if w := serveChain(c, body); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
