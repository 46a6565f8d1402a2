// Package batch runs requests for one program side by side: it keeps the requests that wait in a bounded queue, puts what waits
// together into batches, and shares the processor's cores between all queues of a process.
//
// While requests come seldom, each runs on all cores; when they come so often that one would wait for another, they run on a core
// each, where no thread waits for another. Batches form by themselves while cores are busy; Config.MaxDelay lets a request wait a little for others, too, but
// only where the rate of arrivals promises some. Batching never changes a result: requests are put together only where
// runtime.Program.Separable holds.
//
// Nothing is lost: Queue.Do returns the outputs, or an error that says why there are none. A request whose context ends leaves the
// queue at once. A queue that is full, or so long that the request would miss its deadline, refuses it with a FullError, which tells
// when to try again.
package batch
