package onnx

// microsoft is the domain of ONNX Runtime's own operators
// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
const microsoft = "com.microsoft"

// row says how an ONNX operator is converted.
type row struct {
	domain, op string
	min, max   int // inputs that must be present, at the front, and the greatest number of them, -1 where there is no bound
	build      func(c *call) error
}

// table has one row for each operator and domain. What an operator means in each version stands in
// https://github.com/onnx/onnx/blob/main/docs/Operators.md and Changelog.md under its name; where versions differ, build
// tells them apart.
var table = []row{
	{"", "Abs", 1, 1, unary},
	{"", "Add", 2, 2, arithmetic},
	{"", "And", 2, 2, compare},
	{"", "ArgMax", 1, 1, arg},
	{"", "ArgMin", 1, 1, arg},
	{"", "AveragePool", 1, 1, pool},
	{"", "BatchNormalization", 5, 5, batchNormalization},
	{"", "Cast", 1, 1, cast},
	{"", "CastLike", 2, 2, castLike},
	{"", "Ceil", 1, 1, unary},
	{"", "Celu", 1, 1, celu},
	{"", "Clip", 1, 3, clip},
	{"", "Concat", 1, -1, concat},
	{"", "Constant", 0, 0, constant},
	{"", "ConstantOfShape", 1, 1, constantOfShape},
	{"", "Conv", 2, 3, conv},
	{"", "ConvInteger", 2, 4, convInteger},
	{"", "Cos", 1, 1, unary},
	{"", "DepthToSpace", 1, 1, depthToSpace},
	{"", "DequantizeLinear", 2, 3, dequantizeLinear},
	{"", "Div", 2, 2, arithmetic},
	{"", "Dropout", 1, 3, dropout},
	{"", "DynamicQuantizeLinear", 1, 1, dynamicQuantizeLinear},
	{"", "Elu", 1, 1, elu},
	{"", "Equal", 2, 2, compare},
	{"", "Erf", 1, 1, unary},
	{"", "Exp", 1, 1, unary},
	{"", "Expand", 2, 2, expand},
	{"", "Flatten", 1, 1, flatten},
	{"", "Floor", 1, 1, unary},
	{"", "Gather", 2, 2, gather},
	{"", "Gelu", 1, 1, gelu},
	{"", "Gemm", 2, 3, gemm},
	{"", "GlobalAveragePool", 1, 1, globalPool},
	{"", "GlobalMaxPool", 1, 1, globalPool},
	{"", "Greater", 2, 2, compare},
	{"", "GreaterOrEqual", 2, 2, compare},
	{"", "GroupNormalization", 3, 3, groupNormalization},
	{"", "HardSigmoid", 1, 1, hardSigmoid},
	{"", "HardSwish", 1, 1, unary},
	{"", "Identity", 1, 1, identity},
	{"", "InstanceNormalization", 3, 3, instanceNormalization},
	{"", "LRN", 1, 1, lrn},
	{"", "LayerNormalization", 2, 3, layerNormalization},
	{"", "LeakyRelu", 1, 1, leakyRelu},
	{"", "Less", 2, 2, compare},
	{"", "LessOrEqual", 2, 2, compare},
	{"", "Log", 1, 1, unary},
	{"", "LogSoftmax", 1, 1, softmax},
	{"", "MatMul", 2, 2, matMul},
	{"", "MatMulInteger", 2, 4, matMulInteger},
	{"", "Max", 1, -1, elementwise},
	{"", "MaxPool", 1, 1, pool},
	{"", "Mean", 1, -1, elementwise},
	{"", "Min", 1, -1, elementwise},
	{"", "Mish", 1, 1, unary},
	{"", "Mod", 2, 2, mod},
	{"", "Mul", 2, 2, arithmetic},
	{"", "Neg", 1, 1, unary},
	{"", "Not", 1, 1, compare},
	{"", "Or", 2, 2, compare},
	{"", "PRelu", 2, 2, elementwise},
	{"", "Pad", 1, 4, pad},
	{"", "Pow", 2, 2, elementwise},
	{"", "QLinearConv", 2, 9, qlinearConv},
	{"", "QLinearMatMul", 2, 8, qlinearMatMul},
	{"", "QuantizeLinear", 2, 3, quantizeLinear},
	{"", "Reciprocal", 1, 1, unary},
	{"", "ReduceL1", 1, 2, reduce},
	{"", "ReduceL2", 1, 2, reduce},
	{"", "ReduceMax", 1, 2, reduce},
	{"", "ReduceMean", 1, 2, reduce},
	{"", "ReduceMin", 1, 2, reduce},
	{"", "ReduceProd", 1, 2, reduce},
	{"", "ReduceSum", 1, 2, reduce},
	{"", "ReduceSumSquare", 1, 2, reduce},
	{"", "Relu", 1, 1, unary},
	{"", "Reshape", 1, 2, reshape},
	{"", "Resize", 1, 4, resize},
	{"", "Round", 1, 1, unary},
	{"", "Selu", 1, 1, selu},
	{"", "Shape", 1, 1, shape},
	{"", "Sigmoid", 1, 1, unary},
	{"", "Sign", 1, 1, unary},
	{"", "Sin", 1, 1, unary},
	{"", "Size", 1, 1, size},
	{"", "Slice", 1, 5, slice},
	{"", "Softmax", 1, 1, softmax},
	{"", "Softplus", 1, 1, unary},
	{"", "Softsign", 1, 1, unary},
	{"", "SpaceToDepth", 1, 1, depthToSpace},
	{"", "Split", 1, 2, split},
	{"", "Sqrt", 1, 1, unary},
	{"", "Squeeze", 1, 2, squeeze},
	{"", "Sub", 2, 2, arithmetic},
	{"", "Sum", 1, -1, elementwise},
	{"", "Swish", 1, 1, swish},
	{"", "Tanh", 1, 1, unary},
	{"", "ThresholdedRelu", 1, 1, thresholdedRelu},
	{"", "Tile", 2, 2, expand},
	{"", "TopK", 1, 2, topK},
	{"", "Transpose", 1, 1, transpose},
	{"", "Unsqueeze", 1, 2, squeeze},
	{"", "Upsample", 1, 2, upsample},
	{"", "Where", 3, 3, where},
	{"", "Xor", 2, 2, compare},

	{microsoft, "DequantizeLinear", 2, 3, dequantizeLinear},
	{microsoft, "DynamicQuantizeMatMul", 3, 5, dynamicQuantizeMatMul},
	{microsoft, "FusedConv", 2, 4, fusedConv},
	{microsoft, "FusedGemm", 2, 3, fusedGemm},
	{microsoft, "Gelu", 1, 1, gelu},
	{microsoft, "MatMulIntegerToFloat", 4, 7, matMulIntegerToFloat},
	{microsoft, "NhwcMaxPool", 1, 1, nhwcMaxPool},
	{microsoft, "QGemm", 2, 9, qgemm},
	{microsoft, "QLinearAdd", 2, 8, qlinearAdd},
	{microsoft, "QLinearAveragePool", 2, 5, qlinearAveragePool},
	{microsoft, "QLinearConcat", 1, -1, qlinearConcat},
	{microsoft, "QLinearConv", 2, 9, qlinearConv},
	{microsoft, "QLinearGlobalAveragePool", 2, 5, qlinearGlobalAveragePool},
	{microsoft, "QLinearLeakyRelu", 2, 5, qlinearLeakyRelu},
	{microsoft, "QLinearMul", 2, 8, qlinearMul},
	{microsoft, "QLinearReduceMean", 2, 5, qlinearReduceMean},
	{microsoft, "QLinearSigmoid", 2, 5, qlinearSigmoid},
	{microsoft, "QLinearSoftmax", 2, 5, qlinearSoftmax},
	{microsoft, "QLinearWhere", 3, 9, qlinearWhere},
	{microsoft, "QuantizeLinear", 2, 3, quantizeLinear},
	{microsoft, "QuickGelu", 1, 1, quickGelu},
}

// excluded gives the reason why an operator of ONNX has no row, where that is worth a message of its own.
var excluded = map[string]string{
	"If": "control flow", "Loop": "control flow", "Scan": "control flow",
	"SequenceAt": "sequences", "SequenceConstruct": "sequences", "SplitToSequence": "sequences", "ConcatFromSequence": "sequences",
	"LSTM": "recurrent networks", "GRU": "recurrent networks", "RNN": "recurrent networks",
	"NonMaxSuppression": "detection", "RoiAlign": "detection", "MaxRoiPool": "detection", "NonZero": "output size that depends on the data",
	"RandomNormal": "random numbers", "RandomUniform": "random numbers", "RandomNormalLike": "random numbers", "RandomUniformLike": "random numbers",
	"Bernoulli": "random numbers", "Multinomial": "random numbers",
}

// rows finds the rows of the table by domain and name.
var rows = index(table)

// index makes the map; two rows of one operator are a bug.
func index(table []row) map[string]*row {
	m := make(map[string]*row, len(table))
	for i := range table {
		key := table[i].domain + " " + table[i].op
		if m[key] != nil {
			panic("bug: two rows for operator " + key)
		}
		m[key] = &table[i]
	}
	return m
}
