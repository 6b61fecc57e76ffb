package datapi

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tokensync/internal/token"
)

func TestPool(t *testing.T) {
	t.Parallel()
	bonding := token.Token{
		Mint: "MintMint", Name: "Louie", Symbol: "LOUIE", Decimals: "6", PriceUSD: "0.5", TotalSupply: "1000", TVLUSD: "12", Holders: "7",
		MintAuthorityDisabled: token.Yes, FreezeAuthorityDisabled: token.No, Token2022: token.Yes, CurvePool: "Curve", CreatedAt: 1752686876000, UpdatedAt: 1752686877123,
		Curve:     token.Curve{Stage: token.Bonding, Progress: "0.612", Creator: "Dev", GraduatedPool: "Later"},
		VolumeUSD: token.Windows{token.Day: "3"}, PriceChange: token.PriceChanges{"0.5", "", "-2", "12"},
		Face: token.Face{ImageURL: "https://i.example/1", Website: "https://w.example"},
	}
	graduated := bonding
	graduated.Curve.Stage, graduated.Curve.Progress, graduated.GraduatedAt = token.Graduated, "1", 1752690000000
	bare := token.Token{Mint: "MintMint", FirstSeenAt: 1752686876000, UpdatedAt: 1752686877123}
	const stamp = `"updatedAt":"2025-07-16T17:27:57.123Z"`
	tests := []struct {
		name  string
		token token.Token
		want  string
	}{
		{"bonding", bonding, `{"id":"Curve","chain":"solana","dex":"Meteora","type":"met-dbc","baseAsset":{"id":"MintMint","name":"Louie","symbol":"LOUIE",
			"icon":"https://i.example/1","decimals":6,"website":"https://w.example","dev":"Dev","usdPrice":0.5,"mcap":500,"fdv":500,"liquidity":12,
			"totalSupply":1000,"circSupply":1000,"holderCount":7,"launchpad":"met-dbc","tokenProgram":"TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
			"organicScoreLabel":"medium","audit":{"mintAuthorityDisabled":true,"freezeAuthorityDisabled":false},
			"stats5m":{"priceChange":0.5},"stats6h":{"priceChange":-2},"stats24h":{"priceChange":12,"buyVolume":3}},
			"createdAt":"2025-07-16T17:27:56.000Z","bondingCurve":61.2,"volume24h":3,"isUnreliable":false,` + stamp + `,
			"stats24h":{"priceChange":12,"buyVolume":3},"organicScoreLabel":"medium"}`},
		{"graduated", graduated, `{"id":"Curve","chain":"solana","dex":"Meteora","type":"met-damm-v2","baseAsset":{"id":"MintMint","name":"Louie","symbol":"LOUIE",
			"icon":"https://i.example/1","decimals":6,"website":"https://w.example","dev":"Dev","usdPrice":0.5,"mcap":500,"fdv":500,"liquidity":12,
			"totalSupply":1000,"circSupply":1000,"holderCount":7,"launchpad":"met-dbc","tokenProgram":"TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
			"graduatedPool":"Later","graduatedAt":"2025-07-16T18:20:00.000Z",
			"organicScoreLabel":"medium","audit":{"mintAuthorityDisabled":true,"freezeAuthorityDisabled":false},
			"stats5m":{"priceChange":0.5},"stats6h":{"priceChange":-2},"stats24h":{"priceChange":12,"buyVolume":3}},
			"createdAt":"2025-07-16T18:20:00.000Z","volume24h":3,"isUnreliable":false,` + stamp + `,
			"stats24h":{"priceChange":12,"buyVolume":3},"organicScoreLabel":"medium"}`},
		{"nothing is known", bare, `{"id":"MintMint","chain":"solana","dex":"Meteora","type":"met-dlmm","baseAsset":{"id":"MintMint","name":"MintMint","symbol":"Mint",
			"launchpad":"met-dbc","tokenProgram":"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA","organicScoreLabel":"medium","audit":{}},
			"createdAt":"2025-07-16T17:27:56.000Z","isUnreliable":false,` + stamp + `,"organicScoreLabel":"medium"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(poolOf(&test.token))
			if err != nil {
				t.Fatal(err)
			}
			var have, want any
			if err := json.Unmarshal(got, &have); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}
