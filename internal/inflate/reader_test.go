package inflate

import (
	"bytes"
	"compress/flate"
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

func inflated(r io.Reader) ([]byte, error) {
	z := new(Reader)
	z.Reset(r)
	return io.ReadAll(z)
}

// samples are of all sorts: empty, short, text, noise, runs, far repetitions.
func samples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, `{"address":"%x","price":%v,"n":%d},`, random.Uint64(), random.Float64(), i)
	}
	skewed := make([]byte, 400_000)
	for i := range skewed {
		skewed[i] = byte(random.ExpFloat64() * 6)
	}
	return map[string][]byte{
		"empty": nil, "a byte": {7}, "short": []byte("hello, hello, hello"), "noise": noise, "text": []byte(text.String()),
		"skewed": skewed, "zeros": make([]byte, 1<<20), "period 3": bytes.Repeat([]byte("abc"), 100_000),
		"far": bytes.Repeat(noise[:32768], 10), "too far": bytes.Repeat(noise[:32769], 5),
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for name, data := range samples() {
		for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
			packed := gzipped(t, data, level)
			got, err := inflated(bytes.NewReader(packed))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, level %d: %d bytes of %d, error %v", name, level, len(got), len(data), err)
			}
		}
	}
}

// members are two gzip streams in a row, the first with everything that a header may have.
func members(t testing.TB) (packed, data []byte) {
	t.Helper()
	const flags = hasSum | hasExtra | hasName | hasComment
	header := append([]byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255, 3, 0}, "xyzname\x00comment\x00"...)
	header = binary.LittleEndian.AppendUint16(header, uint16(crc32.ChecksumIEEE(header)))
	data = []byte("the first, the first")
	packed = append(header, gzipped(t, data, 9)[10:]...)
	return append(packed, gzipped(t, data, 0)...), append(data, data...)
}

func TestMembers(t *testing.T) {
	t.Parallel()
	packed, data := members(t)
	if got, err := inflated(bytes.NewReader(packed)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, error %v", got, err)
	}
}

// TestEveryPrefixIsCutOff holds that a stream without its end never passes for one.
func TestEveryPrefixIsCutOff(t *testing.T) {
	t.Parallel()
	packed, _ := members(t)
	whole := len(packed) - len(gzipped(t, []byte("the first, the first"), 0))
	for _, packed := range [][]byte{packed, gzipped(t, samples()["text"][:8_000], 6), gzipped(t, samples()["skewed"][:8_000], -2)} {
		for n := range packed {
			if _, err := inflated(bytes.NewReader(packed[:n])); !errors.Is(err, io.ErrUnexpectedEOF) && n != whole {
				t.Fatalf("the first %d bytes of %d: error is %v", n, len(packed), err)
			}
		}
	}
}

// TestDamagedBytes changes every byte: both readers find the same fault or none.
func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	packed, _ := members(t)
	for _, packed := range [][]byte{packed, gzipped(t, samples()["text"][:800], 6), gzipped(t, samples()["skewed"][:800], -2)} {
		for i := range packed {
			for bit := range 8 {
				damaged := bytes.Clone(packed)
				damaged[i] ^= 1 << bit
				sameAsGzip(t, damaged)
			}
		}
	}
}

// sameAsGzip holds both readers against each other.
func sameAsGzip(t *testing.T, packed []byte) {
	t.Helper()
	got, err := inflated(bytes.NewReader(packed))
	var want []byte
	z, wantErr := gzip.NewReader(bytes.NewReader(packed))
	if wantErr == nil {
		want, wantErr = io.ReadAll(z)
	}
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, error %v; compress/gzip: %d bytes, error %v\n%x", len(got), err, len(want), wantErr, packed)
	}
	if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("error %v is of no kind", err)
	}
}

func TestSourceInPieces(t *testing.T) {
	t.Parallel()
	for name, data := range samples() {
		packed := gzipped(t, data, 6)
		for how, r := range map[string]io.Reader{
			"byte by byte":  iotest.OneByteReader(bytes.NewReader(packed)),
			"halves":        iotest.HalfReader(bytes.NewReader(packed)),
			"data with EOF": iotest.DataErrReader(bytes.NewReader(packed)),
		} {
			if got, err := inflated(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, %s: %d bytes of %d, error %v", name, how, len(got), len(data), err)
			}
		}
	}
}

func TestErrorsOfTheSourceComeThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	packed := gzipped(t, samples()["text"], 6)
	for _, n := range []int{0, 1, 9, 10, 11, 5000, len(packed) - 8, len(packed) - 1, len(packed)} {
		r := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken))
		if _, err := inflated(r); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: error is %v", n, err)
		}
	}
	if _, err := inflated(stuck{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that reads nothing: error is %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestReset reads whole and damaged streams in turns with one reader; the whole ones cost no allocation.
func TestReset(t *testing.T) {
	z, src, buf := new(Reader), bytes.NewReader(nil), make([]byte, 4096)
	text := samples()["text"]
	good := gzipped(t, text, 6)
	read := func(packed []byte) (n int, err error) {
		src.Reset(packed)
		z.Reset(src)
		for err == nil {
			var m int
			m, err = z.Read(buf)
			n += m
		}
		return n, err
	}
	for range 3 {
		if _, err := read(append(bytes.Clone(good[:len(good)/2]), 1, 2, 3)); errors.Is(err, io.EOF) {
			t.Fatal("a damaged stream passes")
		}
		allocs := testing.AllocsPerRun(1, func() {
			if n, err := read(good); n != len(text) || !errors.Is(err, io.EOF) {
				t.Fatalf("%d bytes, error %v", n, err)
			}
		})
		if allocs > 0 {
			t.Errorf("%v allocations a stream", allocs)
		}
	}
}

// FuzzGzip reads whatever comes with both readers.
func FuzzGzip(f *testing.F) {
	packed, _ := members(f)
	f.Add(packed)
	for _, data := range samples() {
		f.Add(gzipped(f, data[:min(len(data), 500)], 6))
	}
	f.Fuzz(sameAsGzip)
}

// FuzzDeflate gives whatever compress/flate accepts a header and the right trailer, so that the fuzzer gets past the
// checksum.
func FuzzDeflate(f *testing.F) {
	for _, data := range samples() {
		for _, level := range []int{gzip.HuffmanOnly, 0, 1, 9} {
			packed := gzipped(f, data[:min(len(data), 700)], level)
			f.Add(packed[10 : len(packed)-8])
		}
	}
	f.Fuzz(func(t *testing.T, deflated []byte) {
		src := bytes.NewReader(deflated)
		data, err := io.ReadAll(io.LimitReader(flate.NewReader(src), 1<<20))
		if err != nil || len(data) == 1<<20 {
			data = nil
		}
		packed := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}, deflated[:len(deflated)-src.Len()]...)
		packed = binary.LittleEndian.AppendUint32(packed, crc32.ChecksumIEEE(data))
		packed = binary.LittleEndian.AppendUint32(packed, uint32(len(data)))
		sameAsGzip(t, packed)
	})
}
