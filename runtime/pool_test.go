package runtime

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// countStep counts how often each of its tiles is run.
type countStep struct {
	tiles []atomic.Int32
	work  time.Duration
}

func (s *countStep) Tiles() int { return len(s.tiles) }

func (s *countStep) Run(scratch []byte, from, to int) {
	for i := from; i < to; i++ {
		s.tiles[i].Add(1)
		scratch[0]++ // the race detector sees two threads that share scratch
		for start := time.Now(); time.Since(start) < s.work; {
		}
	}
}

func countJob(tiles, threads int) (*job, *countStep) {
	s := &countStep{tiles: make([]atomic.Int32, tiles), work: time.Microsecond}
	var scratch [][]byte
	for range threads {
		scratch = append(scratch, make([]byte, 64))
	}
	j := newJob(s, 0, scratch)
	return &j, s
}

func TestEveryTileRunsOnce(t *testing.T) {
	p := NewPool(4)
	defer p.Close()
	var jobs []*job
	var steps []*countStep
	for i := range 50 {
		j, s := countJob(1+i*3, 4)
		jobs, steps = append(jobs, j), append(steps, s)
	}
	for round := range 20 {
		if round%5 == 4 {
			time.Sleep(2 * spinTime) // the workers fall asleep
		}
		if !p.acquire() {
			t.Fatal("the pool is taken")
		}
		for _, j := range jobs {
			p.run(j, j.threads)
		}
		p.release()
		for i, s := range steps {
			for k := range s.tiles {
				if n := s.tiles[k].Load(); n != int32(round+1) {
					t.Fatalf("round %d: tile %d of job %d ran %d times", round, k, i, n)
				}
			}
		}
	}
}

func TestMoreTilesThanBlocks(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	for _, tiles := range []int{maxBlocks - 1, maxBlocks, maxBlocks + 1, 3*maxBlocks + 7} {
		j, s := countJob(tiles, 3)
		s.work = 0
		p.acquire()
		p.run(j, j.threads)
		p.release()
		for k := range s.tiles {
			if n := s.tiles[k].Load(); n != 1 {
				t.Fatalf("%d tiles: tile %d ran %d times", tiles, k, n)
			}
		}
	}
}

func TestConcurrentRunsDoNotShareWorkers(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			j, s := countJob(20, 3)
			for range 50 {
				if p.acquire() {
					p.run(j, j.threads)
					p.release()
				} else {
					j.step.Run(j.scratch[0], 0, j.tiles)
				}
			}
			for k := range s.tiles {
				if n := s.tiles[k].Load(); n != 50 {
					t.Errorf("tile %d ran %d times", k, n)
				}
			}
		})
	}
	wg.Wait()
}

func TestIdleWorkersSleep(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	deadline := time.Now().Add(5 * time.Second)
	for !p.workers[0].sleeping.Load() {
		if time.Now().After(deadline) {
			t.Fatal("the worker does not sleep")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAClosedPoolGivesNoWorkers(t *testing.T) {
	p := NewPool(2)
	p.Close()
	p.Close()
	if p.acquire() {
		t.Error("acquired a closed pool")
	}
}
