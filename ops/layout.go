package ops

import "github.com/octet-ml/octet/graph"

// WantsNHWC reports whether n is a spatial operator that works in NCHW.
func WantsNHWC(n *graph.Node) bool {
	if len(n.Inputs[0].Shape) != 4 {
		return false
	}
	switch a := n.Attrs.(type) {
	case *Conv:
		return a.Layout == NCHW
	case *Pool:
		return a.Layout == NCHW
	case *GlobalPool:
		return a.Layout == NCHW
	case *BatchNormalization:
		return a.Layout == NCHW
	case *LRN:
		return a.Layout == NCHW
	case *DepthToSpace:
		return a.Layout == NCHW
	}
	return false
}
