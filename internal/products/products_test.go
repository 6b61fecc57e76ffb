package products_test

import (
	"slices"
	"testing"

	"tokensync/internal/products"
	"tokensync/internal/token"
)

// TestEveryProductIsListed holds the table to token.Products: all but the chain's own, in the same order, each complete.
func TestEveryProductIsListed(t *testing.T) {
	t.Parallel()
	var listed []token.Product
	urls, variables := map[string]bool{}, map[string]bool{}
	for _, api := range products.APIs {
		listed = append(listed, api.Product)
		urls[api.URL], variables[api.Variable] = true, true
		if api.Rate <= 0 || api.URL == "" || api.Variable == "" {
			t.Errorf("%s lacks something: %+v", api.Product, api)
		}
		if got, ok := products.Of(api.Product); !ok || got != api {
			t.Errorf("Of(%s) = %+v, %t", api.Product, got, ok)
		}
	}
	want := slices.DeleteFunc(slices.Clone(token.Products), func(p token.Product) bool { return p == token.DBC })
	if !slices.Equal(listed, want) {
		t.Errorf("listed are %v, want %v", listed, want)
	}
	if len(urls) != len(listed) || len(variables) != len(listed) {
		t.Error("two products share a URL or a variable")
	}
	if _, ok := products.Of(token.DBC); ok {
		t.Errorf("%s is read from the chain", token.DBC)
	}
}
