//go:build unix

package runtime

import (
	"syscall"
	"testing"
	"time"
)

// TestIdlePoolUsesNoProcessor wakes the workers, lets them look for work as long as they may, and then adds up what the process
// uses while nothing happens.
func TestIdlePoolUsesNoProcessor(t *testing.T) {
	p := NewPool(4)
	defer p.Close()
	j, _ := countJob(100, 4)
	p.acquire()
	p.run(j, j.threads)
	p.release()
	time.Sleep(20 * spinTime)
	const idle = 300 * time.Millisecond
	least := idle
	for range 5 { // the least of several: tests beside this one and the collector use the processor too
		before := processorTime(t)
		time.Sleep(idle)
		least = min(least, processorTime(t)-before)
	}
	if least > idle/20 {
		t.Errorf("an idle pool uses %v of the processor in %v", least, idle)
	}
}

// processorTime returns the time that all threads of the process have run.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
