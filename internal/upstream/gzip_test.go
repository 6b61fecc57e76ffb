package upstream

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	fastgzip "github.com/klauspost/compress/gzip"
)

func gzipped(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gunzipped(r io.Reader) ([]byte, error) {
	z := new(GzipReader)
	z.Reset(r)
	return io.ReadAll(z)
}

// gzipSamples returns texts of all sorts: empty, short, compressible, noise.
func gzipSamples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var text strings.Builder
	for i := range 4_000 {
		fmt.Fprintf(&text, `{"address":"%x","price":%v,"n":%d},`, random.Uint64(), random.Float64(), i)
	}
	return map[string][]byte{
		"empty": nil, "a byte": {7}, "short": []byte("hello, hello, hello"), "noise": noise, "text": []byte(text.String()),
		"zeros": make([]byte, 1<<20),
	}
}

// The flags of a member's header (RFC 1952, section 2.3.1).
const (
	hasSum     = 1 << 1
	hasExtra   = 1 << 2
	hasName    = 1 << 3
	hasComment = 1 << 4
)

// twoMembers returns two gzip streams in a row, the first with everything that a header may have, and where the second begins.
func twoMembers(t testing.TB) (packed, data []byte, second int) {
	t.Helper()
	const flags = hasSum | hasExtra | hasName | hasComment
	header := append([]byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255, 3, 0}, "xyzname\x00comment\x00"...)
	header = binary.LittleEndian.AppendUint16(header, uint16(crc32.ChecksumIEEE(header)))
	data = []byte("the first, the first")
	packed = append(header, gzipped(t, data, 9)[10:]...)
	return append(packed, gzipped(t, data, 0)...), append(data, data...), len(packed)
}

func TestGzipSamples(t *testing.T) {
	t.Parallel()
	for name, data := range gzipSamples() {
		for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, gzip.BestSpeed, gzip.BestCompression} {
			packed := gzipped(t, data, level)
			for how, r := range map[string]io.Reader{
				"at once":       bytes.NewReader(packed),
				"halves":        iotest.HalfReader(bytes.NewReader(packed)),
				"byte by byte":  iotest.OneByteReader(bytes.NewReader(packed)),
				"data with EOF": iotest.DataErrReader(bytes.NewReader(packed)),
			} {
				if got, err := gunzipped(r); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, level %d, %s: %d bytes of %d, error %v", name, level, how, len(got), len(data), err)
				}
			}
		}
	}
}

func TestGzipEnd(t *testing.T) {
	t.Parallel()
	two, both, _ := twoMembers(t)
	one, text := gzipped(t, []byte("the pools"), 6), []byte("the pools")
	for name, tt := range map[string]struct {
		packed []byte
		want   []byte
		err    error
	}{
		"a member":               {one, text, nil},
		"two members":            {two, both, nil},
		"one zero":               {append(bytes.Clone(one), 0), text, nil},
		"more zeros than buffer": {append(bytes.Clone(one), make([]byte, 3*gzipInput)...), text, nil},
		"zeros after two":        {append(bytes.Clone(two), make([]byte, 512)...), both, nil},
		"a line feed":            {append(bytes.Clone(one), '\n'), text, ErrMalformed},
		"zeros, then a byte":     {append(bytes.Clone(one), 0, 0, 0, 1), text, ErrMalformed},
		"zeros, then a member":   {append(append(bytes.Clone(one), 0), one...), text, ErrMalformed},
		"no byte":                {nil, nil, ErrMalformed},
		"zeros only":             {make([]byte, 40), nil, ErrMalformed},
		"not gzip":               {[]byte(`{"data":[]}`), nil, ErrMalformed},
	} {
		got, err := gunzipped(bytes.NewReader(tt.packed))
		if !bytes.Equal(got, tt.want) || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("%s: %q, error %v, want %q and %v", name, got, err, tt.want, tt.err)
		}
	}
}

func TestGzipCutOff(t *testing.T) {
	t.Parallel()
	two, _, second := twoMembers(t)
	for _, packed := range [][]byte{two, gzipped(t, gzipSamples()["text"][:8_000], 6), gzipped(t, gzipSamples()["text"][:8_000], -2)} {
		for n := range packed {
			_, err := gunzipped(bytes.NewReader(packed[:n]))
			whole := n == second && len(packed) == len(two)
			if !whole && (!errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, ErrMalformed)) {
				t.Fatalf("the first %d bytes of %d: error %v", n, len(packed), err)
			}
		}
	}
}

// TestGzipDamaged flips every bit: compress/gzip and we find the same fault or none.
func TestGzipDamaged(t *testing.T) {
	t.Parallel()
	two, _, _ := twoMembers(t)
	for _, packed := range [][]byte{two, gzipped(t, gzipSamples()["text"][:800], 6), gzipped(t, gzipSamples()["text"][:800], -2)} {
		for i := range packed {
			for bit := range 8 {
				damaged := bytes.Clone(packed)
				damaged[i] ^= 1 << bit
				sameAsStandard(t, damaged)
			}
		}
	}
}

// sameAsStandard compares with compress/gzip, which refuses trailing zeros and takes flags that RFC 1952 reserves.
func sameAsStandard(t *testing.T, packed []byte) {
	t.Helper()
	got, err := gunzipped(bytes.NewReader(packed))
	if err != nil && !errors.Is(err, ErrMalformed) {
		t.Fatalf("error %v is not ErrMalformed", err)
	}
	want, wantErr := gunzippedByStandard(packed)
	for rest := packed; wantErr != nil && err == nil && bytes.HasSuffix(rest, []byte{0}); {
		rest = rest[:len(rest)-1]
		want, wantErr = gunzippedByStandard(rest)
	}
	if reserved := errors.Is(err, fastgzip.ErrHeader); reserved {
		return
	}
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, error %v; compress/gzip: %d bytes, error %v\n%x", len(got), err, len(want), wantErr, packed)
	}
}

func gunzippedByStandard(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func TestGzipErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	packed := gzipped(t, gzipSamples()["text"], 6)
	for _, n := range []int{0, 1, 9, 10, 11, 5000, len(packed) - 8, len(packed) - 1, len(packed)} {
		r := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(reset))
		if _, err := gunzipped(r); !errors.Is(err, reset) || errors.Is(err, ErrMalformed) {
			t.Errorf("after %d bytes: error is %v", n, err)
		}
	}
}

func TestGzipReset(t *testing.T) {
	t.Parallel()
	z, text := new(GzipReader), gzipSamples()["text"]
	good := gzipped(t, text, 6)
	for i := range 3 {
		z.Reset(bytes.NewReader(append(bytes.Clone(good[:len(good)/2]), 1, 2, 3)))
		if _, err := io.ReadAll(z); !errors.Is(err, ErrMalformed) {
			t.Fatalf("round %d: a damaged stream ends with %v", i, err)
		}
		z.Reset(bytes.NewReader(good))
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("round %d: %d bytes of %d, error %v", i, len(got), len(text), err)
		}
	}
}

func FuzzGzip(f *testing.F) {
	packed, _, _ := twoMembers(f)
	f.Add(packed)
	for _, data := range gzipSamples() {
		f.Add(gzipped(f, data[:min(len(data), 500)], 6))
		f.Add(append(gzipped(f, data[:min(len(data), 500)], 6), 0, 0))
	}
	f.Fuzz(sameAsStandard)
}
