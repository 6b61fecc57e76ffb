package dev

import (
	"context"
	"errors"
	"maps"

	"tokensync/internal/dev/metadatatest"
	"tokensync/internal/dev/meteoratest"
	"tokensync/internal/dev/rpctest"
	"tokensync/internal/token"
)

// A World is a stack together with the servers that it reads: a fake Meteora, and if asked for a fake Solana with the hosts
// of its tokens' metadata.
type World struct {
	*Stack
	Meteora *meteoratest.Server
	Chain   *rpctest.Server      // nil without Chain in the options
	Faces   *metadatatest.Server // likewise
}

// WorldOptions choose what a world is made of. The stack's Upstream and SolanaURL are set to the fakes.
type WorldOptions struct {
	// Options of the stack. Products defaults to dlmm, and dbc where there is a chain; LaunchpadID to the fakes'.
	Options
	Meteora meteoratest.Config
	// Chain is nil for no chain. Tokens that graduate on it get pools at the fake Meteora.
	Chain *rpctest.Config
}

// StartWorld starts everything, or nothing.
func StartWorld(ctx context.Context, o WorldOptions) (_ *World, err error) {
	w := &World{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.startFakes(ctx, &o); err != nil {
		return nil, err
	}
	w.Stack, err = Start(ctx, w.defaults(o.Options))
	return w, err
}

// StartFakes starts a world without its stack, or nothing.
func StartFakes(o WorldOptions) (*World, error) {
	w := &World{}
	if err := w.startFakes(context.Background(), &o); err != nil { // it is for listening alone
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// startFakes starts Meteora, and the chain.
func (w *World) startFakes(ctx context.Context, o *WorldOptions) (err error) {
	config := o.Meteora
	if o.Chain != nil {
		if w.Chain, err = rpctest.Start(rpctest.New(*o.Chain)); err != nil {
			return err
		}
		config.Launched = Launched(w.Chain.Chain)
		if w.Faces, err = metadatatest.Start(ctx); err != nil {
			return err
		}
	}
	w.Meteora = meteoratest.New(config)
	return w.Meteora.Start()
}

// defaults completes the stack's options.
func (w *World) defaults(o Options) Options {
	o.Upstream = w.Meteora
	id, products := w.Meteora.Launchpad(), []string{meteoratest.DLMM}
	if w.Chain != nil {
		o.SolanaURL = w.Chain.URL()
		environment := w.Faces.Environment()
		maps.Copy(environment, o.Environment)
		o.Environment = environment
		id, products = w.Chain.Launchpad()+",claimer:"+w.Chain.Launchpad(), append(products, string(token.DBC))
	}
	if o.LaunchpadID == nil {
		o.LaunchpadID = &id
	}
	if len(o.Products) == 0 {
		o.Products = products
	}
	return o
}

// Tick lets the market move on, on the chain and at Meteora.
func (w *World) Tick() {
	if w.Chain != nil {
		w.Chain.Tick()
		w.Meteora.SetLaunched(Launched(w.Chain.Chain))
	}
	w.Meteora.Tick()
}

// Close ends everything that StartWorld started.
func (w *World) Close() error {
	var failed []error
	if w.Stack != nil {
		failed = append(failed, w.Stack.Close())
	}
	if w.Meteora != nil {
		failed = append(failed, w.Meteora.Close())
	}
	if w.Chain != nil {
		failed = append(failed, w.Chain.Close())
	}
	if w.Faces != nil {
		failed = append(failed, w.Faces.Close())
	}
	return errors.Join(failed...)
}
