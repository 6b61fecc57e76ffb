package syncing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"tokensync/internal/config"
	"tokensync/internal/dbc"
	"tokensync/internal/ingest"
	"tokensync/internal/metadata"
	"tokensync/internal/meteora"
	"tokensync/internal/params"
	"tokensync/internal/products"
	"tokensync/internal/solana"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// newSources returns what the sync reads from, in the settings' order, and what it looks pools up in. A product's client
// is shared, so that its rate limit is: the curves ask Meteora as well.
func newSources(settings config.Sync, node *node, cache dbc.Cache) ([]ingest.Source, []ingest.Finder, error) {
	clients := map[token.Product]*meteora.Client{}
	for product, url := range settings.URLs {
		client, err := meteora.NewClient(meteora.Options{
			Product: product, BaseURL: url, UserAgent: settings.UserAgent, Quotes: settings.Quotes, Cache: cache,
		})
		if err != nil {
			return nil, nil, err
		}
		clients[product] = client
	}
	// Tokens of ours have pools in every product, whether or not it is scanned; those on their curves the chain tells.
	var finders []ingest.Finder
	for _, api := range products.APIs {
		if !api.Curves {
			finders = append(finders, clients[api.Product])
		}
	}
	var sources []ingest.Source
	for _, product := range settings.Products {
		if product == token.DBC {
			sources = append(sources, &dbc.Source{
				Node: node.client, Cache: cache,
				Graduates: clients[token.DAMMv2], GraduatesV1: clients[token.DAMMv1],
				Quotes: dbc.FirstQuote{clients[token.DLMM], clients[token.DAMMv2]},
				Limits: limits(settings.Chain),
			})
			continue
		}
		sources = append(sources, clients[product])
	}
	return sources, finders, nil
}

var _ ingest.Weigher = (*dbc.Source)(nil) // which ingest looks for by its methods

func limits(c config.Chain) dbc.Limits {
	return dbc.Limits{Requests: int64(c.WalkRequests), Time: c.WalkTime, Pools: c.CurvesPerRun, Kept: c.CurvesKept}
}

func rates(c config.Chain) solana.Rates {
	return solana.Rates{RPC: c.RPCRate, Scans: c.ScanRate, DAS: c.DASRate}
}

// node is the Solana RPC node. Its URL comes from SSM and may change between runs; it holds a key, so no error shows it.
type node struct {
	parameter *params.Parameter // nil when none is named
	rates     solana.Rates
	log       *slog.Logger

	mu   sync.Mutex
	url  string
	last *solana.Client
}

func newNode(api params.API, parameter string, rates solana.Rates, log *slog.Logger) *node {
	if parameter == "" {
		return &node{}
	}
	return &node{parameter: params.New(api, parameter, params.DefaultTTL), rates: rates, log: log}
}

// client returns the node of a run, and syncrun.ErrUnconfigured without a URL.
func (n *node) client(ctx context.Context) (*solana.Client, error) {
	if n.parameter == nil {
		return nil, fmt.Errorf("no Solana RPC URL: %s is not set: %w", config.SolanaRPCParameter, syncrun.ErrUnconfigured)
	}
	url, err := n.parameter.Value(ctx)
	url = strings.TrimSpace(url)
	switch {
	case errors.Is(err, params.ErrNotFound):
		return nil, fmt.Errorf("no Solana RPC URL: %w: %w", err, syncrun.ErrUnconfigured)
	case err != nil:
		return nil, fmt.Errorf("the Solana RPC URL: %w", err)
	case url == "":
		return nil, fmt.Errorf("no Solana RPC URL: SSM parameter %s is empty: %w", n.parameter.Name(), syncrun.ErrUnconfigured)
	}
	return n.at(url)
}

func (n *node) at(url string) (*solana.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last != nil && n.url == url {
		return n.last, nil
	}
	client, err := solana.NewClient(solana.Options{URL: url, Rates: n.rates, Log: n.log})
	if err != nil {
		return nil, fmt.Errorf("SSM parameter %s: %w", n.parameter.Name(), err)
	}
	if n.last != nil {
		n.last.Close()
	}
	n.url, n.last = url, client
	return client, nil
}

// newFaces returns what fetches the faces of tokens.
func newFaces(settings config.Sync, node *node, cache ingest.Cache) *ingest.Faces {
	client := metadata.New(metadata.Options{
		Gateways:  metadata.Gateways{IPFS: settings.IPFS, Arweave: settings.Arweave},
		UserAgent: settings.UserAgent, Hosts: settings.Hosts,
	})
	return &ingest.Faces{Fetch: client.Fetch, Assets: (&index{node: node, faces: client}).assets, Cache: cache}
}

// index is the node's index of digital assets.
type index struct {
	node  *node
	faces *metadata.Client
	none  *solana.Client // that has no index
}

func (x *index) assets(ctx context.Context, mints []string, stats *syncrun.Counts) (map[string]token.Face, error) {
	client, err := x.node.client(ctx)
	if err != nil || client == x.none {
		return nil, nil //nolint:nilerr // curves have told why there is no node
	}
	keys := make([]solana.Key, 0, len(mints))
	for _, mint := range mints {
		if key, err := solana.ParseKey(mint); err == nil {
			keys = append(keys, key)
		}
	}
	found := map[string]token.Face{}
	err = client.NewSession(stats).Assets(ctx, keys, func(mint solana.Key, content []byte) {
		if face, err := x.faces.Asset(content); err == nil {
			found[mint.String()] = face
		}
	})
	if solana.IsRefused(err) {
		x.none = client
		return nil, nil
	}
	return found, err
}

// newListing returns the listing rules; nil when no parameter has them.
func newListing(api params.API, parameter string, cache ingest.Cache) *ingest.Listing {
	if parameter == "" {
		return nil
	}
	return &ingest.Listing{Text: params.New(api, parameter, params.DefaultTTL).Value, Cache: cache}
}
