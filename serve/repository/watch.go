package repository

import (
	"context"
	"errors"
	"time"
)

// How Watch waits: until the folder has been quiet for a moment, so that a copy of many files is one change, but not for ever; and
// again after something went wrong that may pass, at growing intervals.
const (
	quietTime  = 300 * time.Millisecond
	mostNoise  = 3 * time.Second
	firstRetry = quietTime
	lastRetry  = time.Minute
	// blindPoll is how often the folder is looked at where the system's notification cannot be had.
	blindPoll = 5 * time.Second
)

// Watch keeps what serves in line with the folder until the context ends, whose error it returns, or the repository is closed: it calls
// Refresh when the system reports a change, and every Options.Poll in any case. Files that are being written are tried again once they
// are quiet. Where the system reports no changes, since it has no more watches to give, say, Watch says so in the log and looks at the
// folder every few seconds. It sleeps while nothing happens.
func (r *Repository) Watch(ctx context.Context) error {
	ctx, cancel := r.whileOpen(ctx)
	defer cancel()
	if r.options.Dir == "" {
		<-ctx.Done()
		return watchError(ctx)
	}
	w, err := newWatcher(r.options.Dir)
	if err != nil {
		return err
	}
	defer w.close()
	var blind error
	var retry time.Duration
	for {
		// Watches come first: what changes while the folder is read is reported, then.
		poll := r.options.Poll
		err := w.sync()
		if err != nil {
			poll = shorter(poll, blindPoll)
			if blind == nil {
				r.options.Logger.Warn("changes of models may be seen late", "error", err, "looking every", poll)
			}
		}
		blind = err
		again, err := r.refreshAll(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			r.options.Logger.Error("models", "error", err)
		}
		if retry = backOff(retry, again); retry > 0 {
			poll = shorter(poll, retry)
		}
		if !settle(ctx, w.changed, poll) {
			break
		}
	}
	return watchError(ctx)
}

// watchError returns what Watch does when its context has ended: nil where that is because the repository was closed.
func watchError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ErrClosed) {
		return cause
	}
	return nil
}

// shorter returns the shorter one of two times, of which 0 means never.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// backOff returns the time until the next try after a try that waited for last, 0 for none: 0 unless it is to be tried again.
func backOff(last time.Duration, again bool) time.Duration {
	if !again {
		return 0
	}
	return min(max(2*last, firstRetry), lastRetry)
}

// settle waits for a change, or for the given time unless that is 0, and then until nothing has changed for quietTime or mostNoise is
// over. It reports false where the context ends.
func settle(ctx context.Context, changed <-chan struct{}, wait time.Duration) bool {
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-changed:
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
	end := time.NewTimer(mostNoise)
	defer end.Stop()
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	for {
		select {
		case <-changed:
			quiet.Reset(quietTime)
		case <-quiet.C:
			return true
		case <-end.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}
