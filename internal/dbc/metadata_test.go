package dbc

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/solana"
)

func withText(data []byte, texts ...string) []byte {
	for _, s := range texts {
		data = append(binary.LittleEndian.AppendUint32(data, uint32(len(s))), s...)
	}
	return data
}

func metaplexData(texts ...string) []byte {
	data := append([]byte{4}, make([]byte, 32)...)
	return withText(append(data, mintA[:]...), texts...)
}

func TestReadMetaplex(t *testing.T) {
	t.Parallel()
	padded := func(s string, n int) string { return s + strings.Repeat("\x00", n-len(s)) }
	tests := map[string]struct {
		data []byte
		want metadata
		ok   bool
	}{
		"usual":              {metaplexData(padded("Spec", 32), padded("SPEC", 10), padded("https://a.example/1", 200)), metadata{Name: "Spec", Symbol: "SPEC", URI: "https://a.example/1"}, true},
		"empty":              {metaplexData(padded("", 32), padded("", 10), padded("", 200)), metadata{}, true},
		"no uri":             {metaplexData("Spec", "SPEC"), metadata{Name: "Spec", Symbol: "SPEC"}, false},
		"uri cut off":        {metaplexData("Spec", "SPEC", "https://a.example")[:95], metadata{Name: "Spec", Symbol: "SPEC"}, false},
		"uri of a stranger":  {metaplexData("Spec", "SPEC", "javascript: alert(1)"), metadata{Name: "Spec", Symbol: "SPEC"}, true},
		"control characters": {metaplexData("\x1b[31mred\x07\u202e", "\x00A\x00", ""), metadata{Name: "[31mred", Symbol: "A"}, true},
		"not UTF-8":          {metaplexData("a\xffb", "\xc3", "\xc3"), metadata{Name: "a\ufffdb", Symbol: "\ufffd"}, true},
		"10 KB":              {metaplexData(strings.Repeat("n", 10<<10), "S", ""), metadata{Name: strings.Repeat("n", 128), Symbol: "S"}, true},
		"10 KB, cut":         {metaplexData(strings.Repeat("n", 10<<10))[:1024], metadata{Name: strings.Repeat("n", 128)}, false},
		"lying length":       {append(metaplexData(), 0xff, 0xff, 0xff, 0xff, 'x'), metadata{Name: "x"}, false},
		"no symbol":          {metaplexData("Name"), metadata{Name: "Name"}, false},
		"no texts":           {metaplexData(), metadata{}, false},
		"another key":        {append([]byte{1}, metaplexData("Name", "S")[1:]...), metadata{}, false},
		"another mint":       {append(make([]byte, 1), metaplexData("Name", "S")[1:]...), metadata{}, false},
		"nothing":            {nil, metadata{}, false},
	}
	tests["another mint"].data[0], tests["another mint"].data[33] = 4, 0xff
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got metadata
			ok := got.readMetaplex(&solana.Account{Owner: metaplex, Data: test.data}, mintA)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(metadata{})); ok != test.ok || diff != "" {
				t.Errorf("ok %t, metadata (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func mintData(extensions ...[]byte) []byte {
	data := make([]byte, 166)
	binary.LittleEndian.PutUint64(data[36:], 1_234_567)
	data[44], data[165] = 6, 1
	for _, e := range extensions {
		data = append(data, e...)
	}
	return data
}

func extension(kind, size uint16, value []byte) []byte {
	data := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(data, size), value...)
}

func names(mint solana.Key, texts ...string) []byte {
	value := withText(append(make([]byte, 32), mint[:]...), texts...)
	return extension(19, uint16(len(value)), value)
}

func TestReadMint(t *testing.T) {
	t.Parallel()
	pointer := extension(18, 64, make([]byte, 64))
	base := metadata{Decimals: "6", Supply: "1.234567"}
	base22 := base
	base22.token2022 = true
	named := metadata{Decimals: "6", Supply: "1.234567", Name: "Twenty Two", Symbol: "T22", URI: "ipfs://uri", token2022: true}
	tests := map[string]struct {
		data  []byte
		owner solana.Key
		want  metadata
		ok    bool
	}{
		"SPL":                {mintData()[:82], splToken, base, true},
		"no extensions":      {mintData(), token2022, base22, true},
		"named":              {mintData(pointer, names(mintA, "Twenty Two", "T22", "ipfs://uri")), token2022, named, true},
		"named first":        {mintData(names(mintA, "Twenty Two", "T22", "ipfs://uri"), pointer), token2022, named, true},
		"other extensions":   {mintData(pointer, pointer), token2022, base22, true},
		"end mark":           {mintData(extension(0, 0, nil), names(mintA, "Twenty Two", "T22")), token2022, base22, true},
		"another mint's":     {mintData(names(configA, "Twenty Two", "T22")), token2022, base22, false},
		"empty extension":    {mintData(extension(19, 0, nil)), token2022, base22, false},
		"lying length":       {mintData(extension(19, 0xffff, make([]byte, 10))), token2022, base22, false},
		"passes over end":    {mintData(extension(18, 0xffff, make([]byte, 10))), token2022, base22, true},
		"half a header":      {mintData([]byte{19}), token2022, base22, true},
		"truncated":          {mintData()[:81], splToken, metadata{}, false},
		"another program's":  {mintData(), metaplex, metadata{}, false},
		"not a mint account": {func() []byte { d := mintData(names(mintA, "N", "S")); d[165] = 2; return d }(), token2022, base22, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got metadata
			ok := got.readMint(&solana.Account{Owner: test.owner, Data: test.data}, mintA)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(metadata{})); ok != test.ok || diff != "" {
				t.Errorf("ok %t, metadata (-want +got):\n%s", ok, diff)
			}
		})
	}
}

// clean checks what every name has to be, whoever wrote it.
func clean(t *testing.T, m metadata) {
	t.Helper()
	for _, s := range []string{m.Name, m.Symbol} {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > 128 || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%q is not clean", s)
		}
	}
	if strings.ContainsFunc(m.URI, unicode.IsSpace) || strings.ContainsFunc(m.URI, unicode.IsControl) || !utf8.ValidString(m.URI) {
		t.Errorf("%q is not an address", m.URI)
	}
}

func FuzzReadMetaplex(f *testing.F) {
	f.Add(metaplexData("Name", "SYM", "uri"))
	f.Add(metaplexData("Name")[:67])
	f.Fuzz(func(t *testing.T, data []byte) {
		var m metadata
		m.readMetaplex(&solana.Account{Data: data}, mintA)
		clean(t, m)
	})
}

func FuzzReadMint(f *testing.F) {
	f.Add(mintData(extension(18, 64, make([]byte, 64)), names(mintA, "Name", "SYM", "uri")))
	f.Add(mintData()[:82])
	f.Fuzz(func(t *testing.T, data []byte) {
		var m metadata
		m.readMint(&solana.Account{Data: data}, mintA)
		clean(t, m)
	})
}
