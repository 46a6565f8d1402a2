package runtime

import (
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/ops"
)

// spinTime is how long an idle worker looks for work before it sleeps.
const spinTime = 50 * time.Microsecond

// Pool is a set of worker goroutines that steps are spread over. One run at a time uses the workers; a run that finds them
// taken works alone on its caller's thread, so that concurrent runs do not oversubscribe the machine. A worker without work
// sleeps after spinTime. It is safe for concurrent use.
type Pool struct {
	taken   sync.Mutex
	workers []*worker
	// state is the epoch of the current job in the upper half, odd while a job is open, and the next tile in the lower
	// half. A worker claims tiles by compare-and-swap, so a stale view of current cannot claim anything.
	state   atomic.Uint64
	current atomic.Pointer[job]
	done    atomic.Int64 // tiles of the open job that have been run
	closed  atomic.Bool
}

// worker is a goroutine of a pool.
type worker struct {
	index    int
	sleeping atomic.Bool
	wake     chan struct{}
}

// job is a step with what running it in parallel needs; made once per session.
type job struct {
	step    ops.Step
	index   int // of the step in the plan
	tiles   int
	chunk   int
	threads int
	scratch [][]byte // by thread; thread 0 is the caller
}

// NewPool returns a pool for runs of up to the given number of threads, the caller's included. Close ends its goroutines.
func NewPool(threads int) *Pool {
	p := &Pool{}
	for i := 1; i < threads; i++ {
		w := &worker{index: i, wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		go p.work(w)
	}
	return p
}

// sharedPool is the pool of all programs that are not given one, with GOMAXPROCS threads.
var sharedPool = sync.OnceValue(func() *Pool { return NewPool(goruntime.GOMAXPROCS(0)) })

// Close ends the workers. Programs that use the pool keep working, on their callers' threads.
func (p *Pool) Close() {
	p.taken.Lock()
	defer p.taken.Unlock()
	if p.closed.Swap(true) {
		return
	}
	p.rouse(len(p.workers))
	p.workers = nil
}

// acquire takes the workers for one run and reports whether it got any.
func (p *Pool) acquire() bool {
	if !p.taken.TryLock() {
		return false
	}
	if len(p.workers) == 0 {
		p.taken.Unlock()
		return false
	}
	return true
}

func (p *Pool) release() { p.taken.Unlock() }

// run spreads a job over the workers and the caller, who must have acquired the pool, and returns when all tiles are done.
func (p *Pool) run(j *job) {
	epoch := p.state.Load() >> 32
	p.current.Store(j)
	p.done.Store(0)
	p.state.Store((epoch + 1) << 32)
	p.rouse(j.threads - 1)
	p.claim(j, epoch+1, 0)
	for spins := 0; p.done.Load() < int64(j.tiles); spins++ {
		if spins%64 == 63 {
			goruntime.Gosched()
		}
	}
	p.state.Store((epoch + 2) << 32)
	p.current.Store(nil)
}

// claim runs tiles of job j, open in the given epoch, until none is left.
func (p *Pool) claim(j *job, epoch uint64, thread int) {
	for {
		s := p.state.Load()
		from := int(uint32(s))
		if s>>32 != epoch || from >= j.tiles {
			return
		}
		to := min(from+j.chunk, j.tiles)
		if !p.state.CompareAndSwap(s, epoch<<32|uint64(to)) {
			continue
		}
		j.step.Run(j.scratch[thread], from, to)
		p.done.Add(int64(to - from))
	}
}

// rouse wakes up to n sleeping workers.
func (p *Pool) rouse(n int) {
	for _, w := range p.workers[:min(n, len(p.workers))] {
		if w.sleeping.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

// work is a worker's life.
func (p *Pool) work(w *worker) {
	idle := time.Now()
	for spins := 0; !p.closed.Load(); spins++ {
		s := p.state.Load()
		if epoch := s >> 32; epoch%2 == 1 {
			if j := p.current.Load(); j != nil && w.index < j.threads && int(uint32(s)) < j.tiles {
				p.claim(j, epoch, w.index)
				idle = time.Now()
				continue
			}
		}
		if spins%64 != 63 {
			continue
		}
		if time.Since(idle) > spinTime {
			p.sleep(w)
			idle = time.Now()
		} else {
			goruntime.Gosched()
		}
	}
}

// sleep parks the worker until it is roused. A job opened just before is seen by the second look at the state.
func (p *Pool) sleep(w *worker) {
	before := p.state.Load()
	w.sleeping.Store(true)
	if (p.state.Load() != before || p.closed.Load()) && w.sleeping.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}
