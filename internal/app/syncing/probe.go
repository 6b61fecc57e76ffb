package syncing

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tokensync/internal/config"
	"tokensync/internal/doctor"
	"tokensync/internal/ingest"
	"tokensync/internal/syncrun"
	"tokensync/internal/token"
)

// modeProbe is the event's mode that asks what the sync relies on, from where the function runs.
const modeProbe = "probe"

// A prober answers probes. It touches no table.
type prober struct {
	settings   config.Sync
	node       *node
	launchpads func(context.Context) ([]token.LaunchpadID, error)
	log        *slog.Logger
}

// probe examines the servers within limit, logs the report, and returns it. That something does not hold is no error.
func (p *prober) probe(ctx context.Context, limit time.Duration) (doctor.Report, error) {
	ids, err := p.launchpads(ctx)
	if err != nil {
		p.log.WarnContext(ctx, "probing without launchpads", "error", err.Error())
	}
	report, err := doctor.Examine(ctx, doctor.Options{
		URLs: p.settings.URLs, UserAgent: p.settings.UserAgent, Products: p.settings.Products, Node: p.node.client, Launchpads: ids,
		Limit: limit,
	})
	if err != nil {
		p.log.ErrorContext(ctx, "the probe failed", "error", err.Error())
		return report, fmt.Errorf("probe: %w", err)
	}
	p.log.InfoContext(ctx, "probed", "report", report)
	return report, nil
}

// handler handles events of every mode.
func handler(sync func(context.Context, ingest.Event) (syncrun.Record, error), p *prober) Handler {
	return func(ctx context.Context, event ingest.Event) (any, error) {
		if event.Mode == modeProbe {
			return p.probe(ctx, time.Duration(event.Seconds)*time.Second)
		}
		return sync(ctx, event)
	}
}
