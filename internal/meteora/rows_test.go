package meteora

import (
	"testing"

	"tokensync/internal/products"
)

func TestEveryProductHasARowFormat(t *testing.T) {
	t.Parallel()
	for _, api := range products.APIs {
		if format := rowFormats[api.Product]; format.read == nil || format.address == "" || len(format.labels) == 0 {
			t.Errorf("rows of %s cannot be read", api.Product)
		}
	}
}
