package bench

import "github.com/octet-ml/octet/graph"

// Engine runs networks. Octet is one; others are measured in the same turns.
type Engine interface {
	// Name returns what reports call the engine.
	Name() string
	// Open makes the cell's graph ready for runs of Cell.Batch pictures. It must not change the graph. Where the engine
	// lacks something that the graph needs, the error wraps ErrUnsupported and lists all nodes concerned.
	Open(c *Cell) (Network, error)
	// OwnThreads reports whether an instance runs on Cell.Threads threads by itself. Where not, GOMAXPROCS is what bounds its threads:
	// it is set to those of all sessions for the length of a turn.
	OwnThreads() bool
}

// Network is a graph that an engine has made ready. It is safe for concurrent use.
type Network interface {
	// Instance returns a new instance of the network. Instances may run at once; they may share weights.
	Instance() (Instance, error)
	// Facts returns what is known of the network.
	Facts() Facts
}

// Facts describe a network. What an engine cannot tell is 0.
type Facts struct {
	Weights int   // bytes, as the engine keeps them
	Arena   int   // bytes of values of one instance
	MACs    int64 // multiplications of convolutions and dense layers, of one picture
}

// Instance is buffers to run a network in. It is not safe for concurrent use.
type Instance interface {
	// Inputs returns the inputs, which the caller fills before Run. They stay as they are between runs.
	Inputs() []*graph.Tensor
	// Run computes the outputs.
	Run() error
	// Outputs returns the outputs of the last Run, in the order of the graph's; they are valid until the next one.
	Outputs() []*graph.Tensor
	// Close frees what the instance holds.
	Close() error
}
