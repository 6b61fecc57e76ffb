package dev

import (
	"math"
	"math/big"

	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
)

// Launched returns a fake chain's tokens as a fake Meteora lists them at this moment: their curves, and the pools of those that have
// graduated.
func Launched(chain *rpctest.Chain) []meteoratest.Launched {
	tokens := make([]meteoratest.Launched, chain.Tokens())
	for i := range tokens {
		t := chain.Token(i)
		tokens[i] = meteoratest.Launched{
			Mint: t.Mint, Name: t.Name, Symbol: t.Symbol, Quote: t.QuoteMint, Price: price(t), Supply: t.Supply,
			Curve: t.Pool, Config: t.Config, Creator: t.Creator, Created: t.CreatedAt, Pool: t.DAMMPool,
		}
		if t.DAMMv1Pool != "" {
			tokens[i].Pool, tokens[i].Product = t.DAMMv1Pool, meteoratest.DAMMv1
		}
	}
	return tokens
}

// price returns what one token costs on its curve, in whole quote tokens: (sqrt_price / 2^64)².
func price(t rpctest.Token) float64 {
	root, _ := new(big.Float).SetInt(t.SqrtPrice).Float64()
	root = math.Ldexp(root, -64)
	return root * root * math.Pow10(tokenDecimals-t.QuoteDecimals)
}

const tokenDecimals = 6 // of every token on the fake chain
