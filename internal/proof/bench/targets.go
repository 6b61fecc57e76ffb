package main

// The consumers that the targets name.
const (
	ours      = "tokensync"
	nodeWhole = "Node response.json()"
)

// A target is a figure that must be reached, with one that we would like to reach.
type target struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Must  float64 `json:"must"`
	Aim   float64 `json:"aim"`
	Met   bool    `json:"met"`
}

func (t *target) verdict() string {
	switch {
	case t.Value <= t.Aim:
		return "reached"
	case t.Met:
		return "met"
	}
	return "MISSED"
}

// targets compares the ratios of this run with what is asked for.
func (b *bench) targets(g growth) []*target {
	var list []*target
	add := func(name string, value, must, aim float64) {
		list = append(list, &target{name, value, must, aim, value <= must})
	}
	for _, s := range shapes {
		own := b.ratios[rowKey{s, ours}]
		if len(own) == 0 {
			continue
		}
		must, aim, toNode := 0.55, 0.40, 0.16
		if s.Gzip { // of which a reader in Go takes half, and Node has zlib
			must, aim, toNode = 0.60, 0.50, 0.20
		}
		add("CPU to jsontext, "+s.String(), median(own), must, aim)
		if len(b.node[s]) > 0 {
			add("CPU to Node's response.json(), "+s.String(), b.toNode(s), toNode, 0.10)
		}
	}
	if g.Factor > 0 {
		add("MiB more for ten times as many pools", g.Ten-g.One, 4, 1.5)
	}
	return list
}

// toNode returns the median of our CPU time divided by the old service's in the same round.
func (b *bench) toNode(s shape) float64 {
	var ratios []float64
	for i, one := range b.samples[rowKey{s, ours}] {
		ratios = append(ratios, one.cpu.Seconds()/b.node[s][i])
	}
	return median(ratios)
}
