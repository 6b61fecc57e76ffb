package upstream

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// idleWatch counts a body's bytes and cancels its request when none comes for idleTimeout.
type idleWatch struct {
	r     io.Reader
	bytes *atomic.Int64
	ctx   context.Context // of this one request
	timer *time.Timer
}

func watchIdle(ctx context.Context, cancel context.CancelCauseFunc, r io.Reader, bytes *atomic.Int64) *idleWatch {
	return &idleWatch{r: r, bytes: bytes, ctx: ctx, timer: time.AfterFunc(idleTimeout, func() { cancel(errIdle) })}
}

func (w *idleWatch) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.bytes.Add(int64(n))
	w.timer.Reset(idleTimeout)
	if err != nil && errors.Is(context.Cause(w.ctx), errIdle) {
		err = errIdle
	}
	return n, err
}

func (w *idleWatch) stop() { w.timer.Stop() }
