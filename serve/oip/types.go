package oip

import (
	"time"

	"github.com/octet-ml/octet/serve/batch"
)

// Tensor is an input of a request or an output of a response.
type Tensor struct {
	Name     string
	Datatype Datatype
	Shape    []int64
	Data     []byte // see the package's description
}

// Requested is an output that a request asks for.
type Requested struct {
	Name string
	// Classification, where positive, asks for that many of the best classes in place of the tensor: the classification extension.
	Classification int
}

// Request is an inference request. A response is computed from what it holds and nothing else.
type Request struct {
	Model   string
	Version string // empty: the latest
	ID      string // echoed
	Inputs  []Tensor
	// Outputs lists the outputs to return, in this order; none: all, in the model's.
	Outputs []Requested
	// Timeout is the time that the request may take, 0 for the model's default; the context's deadline counts, too.
	Timeout time.Duration
}

// Response answers a Request.
type Response struct {
	Model   string
	Version string
	ID      string
	Outputs []Tensor
	Times   Times
}

// Times tells where the time of a request went.
type Times struct {
	batch.Times
	Decode     time.Duration // pictures to pixels, of all pictures, added
	Preprocess time.Duration // pixels to tensors, likewise
}

// TensorInfo describes an input or output of a model. A dimension of -1 is open: the batch.
type TensorInfo struct {
	Name     string
	Datatype Datatype
	Shape    []int64
}

// ModelInfo describes a model.
type ModelInfo struct {
	Name     string
	Versions []string // that serve
	Platform string   // "onnx_octet" or "tflite_octet"
	Inputs   []TensorInfo
	Outputs  []TensorInfo
}

// ServerName is the name in the server's metadata.
const ServerName = "octet"

// Extensions are the extensions of the protocol that are spoken on every transport.
var Extensions = []string{"classification", "model_repository", "statistics"}
