// Command sizes weighs the functions' binaries: `make sizes`. Their budget is held by internal/deploycheck.
package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

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
	if err := run(*build, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sizes:", err)
		os.Exit(1)
	}
}

func run(build, out string, functions []string) error {
	if len(functions) == 0 {
		return errors.New("no functions named")
	}
	var sizes []size
	for _, function := range functions {
		s, err := measure(build, function)
		if err != nil {
			return err
		}
		fmt.Printf("%-16s %5.2f MB, zipped %4.2f MB\n", s.Function, float64(s.Binary)/1e6, float64(s.Zip)/1e6)
		sizes = append(sizes, s)
	}
	if out == "" {
		return nil
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

// A counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
