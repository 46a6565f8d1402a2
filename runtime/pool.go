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
//
// Each thread begins with a share of a step's tiles of its own, the same part of every step, so that it mostly reads what it has
// written itself; when it is through, it takes from the end of the largest share that is left.
type Pool struct {
	taken   sync.Mutex
	workers []*worker
	lanes   []lane // by thread
	epoch   uint32 // number of the last job; of who holds taken
	closed  atomic.Bool
	_       [64]byte
	done    atomic.Int64 // blocks of the open job that have been run
	_       [56]byte
}

// lane is a thread's share of a job: the job, and what is left of it, blocks from <= b < to, as epoch<<32 | from<<16 | to. A worker
// waits for its own to change, so that a new job costs it one cache line. Blocks are claimed by compare-and-swap, so a stale view of
// the job cannot claim anything.
type lane struct {
	state atomic.Uint64
	job   atomic.Pointer[job]
	_     [112]byte // no two lanes in a cache line, nor in a pair of lines that are fetched together
}

// maxBlocks bounds the blocks that the tiles of a job are dealt out in.
const maxBlocks = 1<<16 - 1

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
	grain   int // tiles of a block
	blocks  int
	threads int
	scratch [][]byte // by thread; thread 0 is the caller
}

// newJob returns a job of a step, the given one of the plan, for up to as many threads as there is scratch.
func newJob(step ops.Step, index int, scratch [][]byte) job {
	tiles := step.Tiles()
	grain := tiles/maxBlocks + 1
	return job{step: step, index: index, tiles: tiles, grain: grain, blocks: (tiles + grain - 1) / grain, threads: len(scratch), scratch: scratch}
}

// NewPool returns a pool for runs of up to the given number of threads, the caller's included. Close ends its goroutines.
func NewPool(threads int) *Pool {
	p := &Pool{lanes: make([]lane, max(1, threads))}
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

// release gives the workers back.
func (p *Pool) release() {
	for i := range p.lanes {
		p.lanes[i].job.Store(nil) // or it would keep the session
	}
	p.taken.Unlock()
}

// run spreads a job over the caller, who must have acquired the pool, and workers, up to the given number of threads, and returns
// when all tiles are done.
func (p *Pool) run(j *job, threads int) {
	p.epoch++
	epoch := p.epoch
	threads = min(threads, j.threads, len(p.lanes))
	p.done.Store(0)
	for i := threads - 1; i >= 0; i-- {
		l := &p.lanes[i]
		l.job.Store(j)
		l.state.Store(uint64(epoch)<<32 | uint64(j.blocks*i/threads)<<16 | uint64(j.blocks*(i+1)/threads))
	}
	p.rouse(threads - 1)
	p.claim(j, epoch, 0)
	for spins := 0; p.done.Load() < int64(j.blocks); spins++ {
		if spins%64 == 63 {
			goruntime.Gosched()
		}
	}
}

// claim runs blocks of job j, open in the given epoch, until none is left: three quarters of what is left of the thread's own share at a
// time, from the front, then half of the largest other share, from the end.
func (p *Pool) claim(j *job, epoch uint32, thread int) {
	lanes := p.lanes[:min(j.threads, len(p.lanes))]
	own := &lanes[thread].state
	claimed := 0
	for {
		s := own.Load()
		from, to := int(s>>16&maxBlocks), int(s&maxBlocks)
		if uint32(s>>32) != epoch || from == to {
			break
		}
		n := (to - from) - (to-from)/4
		if own.CompareAndSwap(s, s+uint64(n)<<16) {
			j.run(thread, from, from+n)
			claimed += n
		}
	}
	if claimed > 0 {
		p.done.Add(int64(claimed))
	}
	for {
		var victim *atomic.Uint64
		var state uint64
		most := 0
		for i := range lanes {
			s := lanes[i].state.Load()
			if n := int(s&maxBlocks) - int(s>>16&maxBlocks); uint32(s>>32) == epoch && n > most {
				victim, state, most = &lanes[i].state, s, n
			}
		}
		if victim == nil {
			return
		}
		n := (most + 1) / 2
		if victim.CompareAndSwap(state, state-uint64(n)) {
			to := int(state & maxBlocks)
			j.run(thread, to-n, to)
			p.done.Add(int64(n))
		}
	}
}

// run runs blocks from <= b < to.
func (j *job) run(thread, from, to int) {
	j.step.Run(j.scratch[thread], from*j.grain, min(to*j.grain, j.tiles))
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
	own := &p.lanes[w.index]
	seen := uint32(0)  // epoch of the last job that it has worked on
	var idle time.Time // since when it has looked for work; zero: not yet noted
	for spins := 0; !p.closed.Load(); spins++ {
		if epoch := uint32(own.state.Load() >> 32); epoch != seen {
			seen, idle = epoch, time.Time{}
			if j := own.job.Load(); j != nil { // else the run is over
				p.claim(j, epoch, w.index)
			}
			continue
		}
		if spins%64 != 63 {
			continue
		}
		switch {
		case idle.IsZero():
			idle = time.Now()
		case time.Since(idle) > spinTime:
			p.sleep(w, seen)
			idle = time.Time{}
		default:
			goruntime.Gosched()
		}
	}
}

// sleep parks the worker until it is roused. A job opened just before is seen by the second look at its lane.
func (p *Pool) sleep(w *worker, seen uint32) {
	w.sleeping.Store(true)
	if (uint32(p.lanes[w.index].state.Load()>>32) != seen || p.closed.Load()) && w.sleeping.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}
