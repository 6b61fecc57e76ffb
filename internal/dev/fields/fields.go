// Package fields visits every field of a value, for tests that must not miss one.
package fields

import (
	"fmt"
	"reflect"
	"strings"
)

// Visit calls visit with every number, text and bool below v, in order, and with where it is: "Pools[0].Base.Mint".
func Visit(v reflect.Value, visit func(path string, leaf reflect.Value)) { walk(v, "", visit) }

func walk(v reflect.Value, path string, visit func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), visit)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, v)
	}
}

// Change gives leaf another value.
func Change(leaf reflect.Value) {
	switch leaf.Kind() {
	case reflect.String:
		leaf.SetString(leaf.String() + "7")
	case reflect.Bool:
		leaf.SetBool(!leaf.Bool())
	case reflect.Uint8:
		leaf.SetUint(leaf.Uint() + 1)
	default:
		leaf.SetInt(leaf.Int() + 1)
	}
}

// ChangeFigures gives every number and bool below v that can be set another value, and leaves texts as they are.
func ChangeFigures(v reflect.Value) {
	Visit(v, func(_ string, leaf reflect.Value) {
		if leaf.CanSet() && (leaf.CanInt() || leaf.Kind() == reflect.Bool) {
			Change(leaf)
		}
	})
}
