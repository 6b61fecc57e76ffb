package token

import "cmp"

// Stats sums up the listed tokens of all launchpads after a run.
type Stats struct {
	Launchpads   []LaunchpadID `json:"launchpads"` // whose tokens they are
	Tokens       int           `json:"tokens"`
	NewIn24h     int           `json:"tokens_new_24h"` // first pool created in the last 24 h
	TVLUSD       float64       `json:"tvl_usd"`
	Volume24hUSD float64       `json:"volume_24h_usd"`
	Fees24hUSD   float64       `json:"fees_24h_usd"`
	Stages       map[Stage]int `json:"stages"` // tokens that DBC knows, by stage
}

const dayMS = 24 * 60 * 60 * 1000

// Add counts one token; now is in Unix milliseconds.
func (s *Stats) Add(t *Token, now int64) {
	if t.Status != Listed {
		return
	}
	s.Count(t.Curve.Stage, cmp.Or(t.CreatedAt, t.FirstSeenAt), now)
	s.TVLUSD += t.TVLUSD.Float64()
	s.Volume24hUSD += t.VolumeUSD[Day].Float64()
	s.Fees24hUSD += t.Fees24hUSD.Float64()
}

// Count counts a listed token without its amounts; born and now are in Unix milliseconds.
func (s *Stats) Count(stage Stage, born, now int64) {
	s.Tokens++
	if born > now-dayMS {
		s.NewIn24h++
	}
	if stage != "" {
		if s.Stages == nil {
			s.Stages = map[Stage]int{}
		}
		s.Stages[stage]++
	}
}
