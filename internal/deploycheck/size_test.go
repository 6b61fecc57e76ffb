//go:build deploycheck

package deploycheck

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxZip is the budget of a function as it is uploaded, in bytes: what a cold start has to fetch and unpack.
const maxZip = 4_500_000

// sizes finds functions that are too large as sam build made them.
func sizes(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, f := range d.written.Functions {
		n, err := zipped(filepath.Join(string(d.root), ".aws-sam", "build", f.LogicalID, "bootstrap"))
		if err != nil {
			return nil, err
		}
		if n > maxZip {
			out = append(out, fmt.Sprintf("%s: its zip has %d bytes, more than %d", f.LogicalID, n, maxZip))
		}
	}
	return out, nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// zipped is the size of a zip that holds one file.
func zipped(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var size counter
	z := zip.NewWriter(&size)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	entry, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(entry, f)
	}
	if closing := z.Close(); err == nil {
		err = closing
	}
	return int64(size), err
}
