package dbc

import (
	"fmt"
	"hash/fnv"
	"reflect"
)

// formatOf names the fields of T in a few letters, for the key of a cached T: where a field is added, no old entry is
// read as one without a value.
func formatOf[T any]() string {
	h := fnv.New32a()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		fmt.Fprintf(h, "%s %s %s;", f.Name, f.Type, f.Tag)
	}
	return fmt.Sprintf("%08x", h.Sum32())
}
