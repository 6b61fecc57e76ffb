package peer

import (
	"bytes"
	"encoding/json"
	"io"
)

// Pool has the fields that the sync keeps, for peers that decode into structs.
type Pool struct {
	Address       string             `json:"address"`
	Name          string             `json:"name"`
	Launchpad     string             `json:"launchpad"`
	TokenX        Asset              `json:"token_x"`
	TokenY        Asset              `json:"token_y"`
	CreatedAt     float64            `json:"created_at"`
	TVL           float64            `json:"tvl"`
	CurrentPrice  float64            `json:"current_price"`
	APR           float64            `json:"apr"`
	Volume        map[string]float64 `json:"volume"`
	Fees          map[string]float64 `json:"fees"`
	IsBlacklisted bool               `json:"is_blacklisted"`
	Tags          []string           `json:"tags"`
	PoolConfig    struct {
		BaseFeePct float64 `json:"base_fee_pct"`
	} `json:"pool_config"`
}

// Asset is one side of a pool.
type Asset struct {
	Address     string  `json:"address"`
	Name        string  `json:"name"`
	Symbol      string  `json:"symbol"`
	Decimals    float64 `json:"decimals"`
	IsVerified  bool    `json:"is_verified"`
	Holders     float64 `json:"holders"`
	TotalSupply float64 `json:"total_supply"`
	Price       float64 `json:"price"`
	MarketCap   float64 `json:"market_cap"`
}

// Page is a page of pools.
type Page struct {
	Data []Pool `json:"data"`
}

// Whole decodes a whole body with unmarshal and filters afterwards, as the old service did.
func (t *Task) Whole(body io.Reader, unmarshal func([]byte, any) error) error {
	r, err := t.Gunzipped(body)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var page Page
	if t.Pages == 0 {
		err = unmarshal(b, &page.Data)
	} else {
		err = unmarshal(b, &page)
	}
	t.Filter(page.Data)
	return err
}

// Filter counts pools and keeps those that are ours.
func (t *Task) Filter(pools []Pool) {
	t.Saw(len(pools))
	for i := range pools {
		if pools[i].Launchpad == t.ID {
			t.Found(pools[i].Address)
		}
	}
}

// Consider decodes one element if it may be ours.
func (t *Task) Consider(raw []byte) error {
	t.Saw(1)
	if !bytes.Contains(raw, []byte(t.ID)) && !bytes.Contains(raw, []byte(`\u00`)) {
		return nil
	}
	var p Pool
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	if p.Launchpad == t.ID {
		t.Found(p.Address)
	}
	return nil
}
