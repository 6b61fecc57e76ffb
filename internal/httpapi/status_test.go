package httpapi

import "testing"

func TestTotal(t *testing.T) {
	t.Parallel()
	for sum, want := range map[float64]float64{
		0: 0, 0.30000000000000004: 0.3, 60201.979999999974: 60201.98, 1.8446744073709552e40: 1.84467440737e40, 1e-12: 1e-12, -5: -5,
	} {
		if got := total(sum); got != want {
			t.Errorf("%v is %v, want %v", sum, got, want)
		}
	}
}
