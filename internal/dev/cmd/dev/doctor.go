package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tokensync/internal/dev"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/doctor"
	"tokensync/internal/products"
	"tokensync/internal/solana"
	"tokensync/internal/token"
)

// errUnhealthy reports that something does not hold which the sync needs; the table has said what.
var errUnhealthy = errors.New("the sync lacks something that it needs")

// examine asks Meteora and the node what the sync relies on, and prints what they do.
func examine(ctx context.Context, s settings, stdout, _ io.Writer) (err error) {
	o, end, err := s.patients(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	r, err := doctor.Examine(ctx, o)
	if err != nil {
		return err
	}
	if s.json {
		err = json.NewEncoder(stdout).Encode(r)
	} else {
		err = r.Print(stdout, isTerminal(stdout) && !s.noColor)
	}
	if err == nil && !r.Holds {
		err = errUnhealthy
	}
	return err
}

// patients returns the real servers, or the fakes, which end closes.
func (s settings) patients(ctx context.Context) (o doctor.Options, end func() error, err error) {
	ids, err := token.ParseLaunchpadIDs(s.launchpadID)
	if err != nil && !errors.Is(err, token.ErrNoLaunchpadID) {
		return o, nil, err
	}
	o = doctor.Options{URLs: map[token.Product]string{}, UserAgent: s.userAgent, Launchpads: ids}
	for _, product := range s.products {
		o.Products = append(o.Products, token.Product(product))
	}
	end = func() error { return nil }
	if s.fake {
		if end, err = s.startFakes(ctx, o.URLs); err != nil {
			return o, nil, err
		}
	} else {
		for _, api := range products.APIs {
			o.URLs[api.Product] = api.URL
		}
	}
	for _, api := range products.APIs {
		if url := s.functions[api.Variable]; url != "" {
			o.URLs[api.Product] = url
		}
	}
	if s.rpcURL != "" {
		client, err := solana.NewClient(solana.Options{URL: s.rpcURL})
		if err != nil {
			return o, nil, errors.Join(fmt.Errorf("SOLANA_RPC_URL: %w", err), end())
		}
		o.Node = func(context.Context) (*solana.Client, error) { return client, nil }
		closeFakes := end
		end = func() error { client.Close(); return closeFakes() }
	}
	return o, end, nil
}

// startFakes starts a Meteora and a node of the settings' kinds, and puts their URLs where the real ones would be.
func (s *settings) startFakes(ctx context.Context, urls map[token.Product]string) (end func() error, err error) {
	o := s.world(dev.Options{})
	o.Meteora.Dialect = s.dialect
	if o.Chain == nil {
		o.Chain = s.chain()
	}
	o.Chain.Node.Kind = s.node
	if s.node != "" {
		o.Chain.Node.Strangers = strangers
	}
	w, err := dev.StartFakes(ctx, o)
	if err != nil {
		return nil, err
	}
	s.rpcURL = w.Chain.URL()
	for _, product := range meteoratest.Products() {
		urls[token.Product(product)] = w.Meteora.URL(product)
	}
	return w.Close, nil
}

// strangers is how many accounts of others a fake node of a kind holds: a node that counts what it looks at shows it.
const strangers = 120_000
