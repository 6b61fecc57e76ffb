package dbc

import (
	"math/big"
	"strconv"

	"tokensync/internal/token"
)

// priceBits keeps the square of a u128 and a shift by 10^255 exact enough for 17 digits.
const priceBits = 320

// sqrtPriceBits are the fraction bits of a square-root price.
const sqrtPriceBits = 64

// price returns one token in quote tokens, to 17 significant digits: (sqrt/2^64)² × 10^(decimals − quoteDecimals). It is unknown
// where the square-root price is not set.
func price(sqrt uint128, decimals, quoteDecimals int) token.Number {
	root := sqrt.big()
	if root.Sign() == 0 {
		return ""
	}
	v := new(big.Float).SetPrec(priceBits).SetInt(root.Mul(root, root))
	v.SetMantExp(v, -2*sqrtPriceBits)
	shift := new(big.Float).SetPrec(priceBits).SetInt(powerOfTen(max(decimals-quoteDecimals, quoteDecimals-decimals)))
	if decimals < quoteDecimals {
		v.Quo(v, shift)
	} else {
		v.Mul(v, shift)
	}
	n, _ := token.ParseNumber(v.Text('e', 16))
	return n
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// progress returns how full a curve is, from 0 to 1; unknown without a threshold.
func progress(quoteReserve, threshold uint64) token.Number {
	switch {
	case threshold == 0:
		return ""
	case quoteReserve >= threshold:
		return "1"
	}
	return whole(quoteReserve).Quo(whole(threshold))
}

func whole(n uint64) token.Number { return scaled(n, 0) }

// scaled returns n base units in whole tokens, exactly.
func scaled(n uint64, decimals uint8) token.Number {
	v, _ := token.ParseNumber(strconv.FormatUint(n, 10) + "e-" + strconv.Itoa(int(decimals)))
	return v
}
