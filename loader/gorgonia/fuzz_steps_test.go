package gorgonia_test

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// fuzzSteps are the operators that graphs are built of. Functions that jump are left out: rounding decides where.
var fuzzSteps = []func(b *fuzzed, x *G.Node) (*G.Node, error){
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		k, pads, strides := b.window()
		oc, ic := b.between(1, 4), x.Shape()[1]
		return G.Conv2d(x, b.weights(ic*k[0]*k[1], oc, ic, k[0], k[1]), k, pads, strides, []int{b.between(1, 2), b.between(1, 2)})
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		k, pads, strides := b.window()
		if b.pick(3) == 0 {
			pads = append(pads, b.pick(3), b.pick(3))
		}
		return G.MaxPool2D(x, k, pads, strides)
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		k, pads, strides := b.window()
		return G.AveragePool2D(x, k, pads, strides)
	},
	func(_ *fuzzed, x *G.Node) (*G.Node, error) { return G.GlobalAveragePool2D(x) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return G.Upsample2D(x, b.between(1, 3)) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(*G.Node) (*G.Node, error){G.Rectify, G.Tanh, G.Sigmoid, G.Abs, G.Neg, G.Softplus, G.Sin, G.Cos}
		return f[b.pick(len(f))](x)
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(*G.Node) (*G.Node, error){G.Exp, G.Square, G.Cube, G.Expm1}
		return f[b.pick(len(f))](bounded(x))
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(*G.Node) (*G.Node, error){G.Sqrt, G.Log, G.Log2, G.Log1p, G.Inverse, G.InverseSqrt}
		return f[b.pick(len(f))](G.Must(G.Add(G.Must(G.Sigmoid(x)), G.NewConstant(float32(0.5)))))
	},
	func(_ *fuzzed, x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.2) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(*G.Node, ...int) (*G.Node, error){G.SoftMax, G.LogSoftMax}[b.pick(2)]
		if b.pick(2) == 0 {
			return f(x)
		}
		return f(x, b.pick(x.Dims()))
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return G.Sum(x, b.axes(x)...) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return G.Mean(x, b.axes(x)...) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return G.Max(x, b.axes(x)...) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		perm := make([]int, x.Dims())
		for i := range perm {
			perm[i] = i
			j := b.pick(i + 1)
			perm[i], perm[j] = perm[j], perm[i]
		}
		return G.Transpose(x, perm...)
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return b.reshape(x) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		return G.Concat(b.pick(x.Dims()), x, b.nodes[b.pick(len(b.nodes))])
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		cuts := make([]tensor.Slice, b.between(1, x.Dims()))
		for a := range cuts {
			if b.pick(2) == 1 {
				start := b.pick(x.Shape()[a])
				cuts[a] = G.S(start, b.between(start+1, x.Shape()[a]), b.between(1, 2))
			}
		}
		return G.Slice(x, cuts...)
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return b.beside(x, G.BroadcastAdd) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return b.beside(x, G.BroadcastSub) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return b.beside(x, G.BroadcastHadamardProd) },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		return b.beside(x, func(x, y *G.Node, left, right []byte) (*G.Node, error) {
			return G.BroadcastHadamardDiv(x, G.Must(G.Exp(bounded(y))), left, right)
		})
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(x, y *G.Node) (*G.Node, error){G.Add, G.Sub, G.HadamardProd, G.MaxBetween, G.MinBetween, G.Mul}
		return f[b.pick(len(f))](x, b.nodes[b.pick(len(b.nodes))])
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(x, y *G.Node) (*G.Node, error){G.Add, G.Sub, G.HadamardProd, G.HadamardDiv}
		return f[b.pick(len(f))](x, G.NewConstant(float32(1.5)))
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		f := []func(x, y *G.Node) (*G.Node, error){G.MaxBetween, G.MinBetween, G.Add}
		return f[b.pick(len(f))](x, b.full(x, float32(b.pick(2))))
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		k, outputs := x.Shape()[x.Dims()-1], b.between(1, 5)
		if b.pick(3) == 0 {
			return G.Mul(x, b.weights(k, k))
		}
		return G.Mul(x, b.weights(k, k, outputs))
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		y := b.nodes[b.pick(len(b.nodes))]
		return G.BatchedMatMul(x, y, b.pick(2) == 1, b.pick(2) == 1)
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return b.batchNorm(x), nil },
	func(b *fuzzed, x *G.Node) (*G.Node, error) { return dropout(x, 0), nil },
	func(b *fuzzed, x *G.Node) (*G.Node, error) {
		axis := b.pick(x.Dims())
		e := G.Must(G.Exp(bounded(x)))
		return G.BroadcastHadamardDiv(e, G.Must(G.Sum(e, axis)), nil, []byte{byte(axis)})
	},
	func(b *fuzzed, x *G.Node) (*G.Node, error) { // which is not converted
		if b.pick(8) > 0 {
			return nil, nil
		}
		return G.Sparsemax(x)
	},
}

// reshape gives x a shape of up to four axes.
func (b *fuzzed) reshape(x *G.Node) (*G.Node, error) {
	rest := x.Shape().TotalSize()
	var to tensor.Shape
	for range b.pick(4) {
		d := b.between(1, rest)
		for rest%d != 0 {
			d--
		}
		to = append(to, d)
		rest /= d
	}
	return G.Reshape(x, append(to, rest))
}
