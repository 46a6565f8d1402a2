package gorgonia

// rule converts a node with an operator of Gorgonia.
type rule func(b *Builder) (value, error)

// rules tells what becomes of the operators of Gorgonia, by the names of their types.
var rules map[string]rule

// The rules refer to the table by way of the values that they read, so it is filled after the variables are initialised.
func init() {
	rules = map[string]rule{
		"transposeOp": transpose, "linAlgBinOp": product, "im2colOp": windows,
		"maxPoolOp": maxPool, "avgPoolOp": averagePool, "globalAveragePoolOp": globalAveragePool, "upsampleOp": upsample,
		"BatchNormOp": batchNorm, "dropoutOp": identity, "Iop": identity,
		"elemBinOp": binary, "elemUnaryOp": unary, "softmaxOp": softmax, "minBetween": minimum, "maxBetween": maximum,
		"reshapeOp": reshape, "concatOp": concat, "sliceOp": slice, "repeatOp": repeat, "sizeOp": size,
		"sumOp": sum, "maxOp": reduceMax,
	}
}
