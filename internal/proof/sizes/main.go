// Command sizes checks the size of the functions' binaries: `make sizes`.
package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"tokensync/internal/proof/command"
)

// maxZip is the largest zip that a function may be on arm64, in bytes: 4.5 MB.
const maxZip = 4_500_000

var errTooLarge = errors.New("too large")

// A size is one function's.
type size struct {
	Function string `json:"function"`
	Binary   int64  `json:"binary_bytes"`
	Zip      int64  `json:"zip_bytes"`
}

func main() {
	build := flag.String("build", "build", "folder of the functions' binaries")
	out := flag.String("json", "", "file for the figures")
	flag.Parse()
	command.Main("sizes", func(context.Context) error { return run(*build, *out, flag.Args()) })
}

func run(build, out string, functions []string) error {
	if len(functions) == 0 {
		return errors.New("no functions named")
	}
	var sizes []size
	var over []error
	for _, function := range functions {
		s, err := measure(build, function)
		if err != nil {
			return err
		}
		fmt.Printf("%-16s %5.2f MB, zipped %4.2f MB\n", s.Function, float64(s.Binary)/1e6, float64(s.Zip)/1e6)
		if s.Zip > maxZip {
			over = append(over, fmt.Errorf("%w: %s has %d bytes zipped, more than %d", errTooLarge, function, s.Zip, maxZip))
		}
		sizes = append(sizes, s)
	}
	if err := errors.Join(over...); err != nil || out == "" {
		return err
	}
	b, err := json.MarshalIndent(sizes, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(b, '\n'), 0o600)
}

// measure zips a function's binary as SAM does.
func measure(build, function string) (s size, err error) {
	f, err := os.Open(filepath.Join(build, function, "bootstrap"))
	if err != nil {
		return s, err
	}
	defer f.Close()
	zipped := new(counter)
	z := zip.NewWriter(zipped)
	w, err := z.Create("bootstrap")
	if err != nil {
		return s, err
	}
	n, err := io.Copy(w, f)
	err = errors.Join(err, z.Close())
	return size{function, n, int64(*zipped)}, err
}

// A counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
