package dev

import (
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
)

// Launched are a fake chain's tokens as a fake Meteora lists them at this moment: their curves, and the pools of those that have
// graduated.
func Launched(chain *rpctest.Chain) []meteoratest.Launched {
	tokens := make([]meteoratest.Launched, chain.Tokens())
	for i := range tokens {
		t := chain.Token(i)
		tokens[i] = meteoratest.Launched{
			Mint: t.Mint, Name: t.Name, Symbol: t.Symbol, Quote: t.QuoteMint,
			Curve: t.Pool, Config: t.Config, Creator: t.Creator, Pool: t.DAMMPool,
		}
	}
	return tokens
}
