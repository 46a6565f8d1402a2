package tflite

import "strconv"

// row says how a TensorFlow Lite operator is converted.
type row struct {
	code     int    // value of BuiltinOperator
	name     string // as in BuiltinOperator
	options  byte   // value of BuiltinOptions; options of another type count as absent, as they do for TensorFlow Lite
	min, max int    // inputs that must be present, at the front, and the greatest number of them, -1 where there is no bound
	becomes  string // OperatorRow.Becomes with blanks between
	build    func(c *call) error
}

// operators has one row for each operator, by code. What operators mean stands at https://www.tensorflow.org/mlir/tfl_ops and
// in TensorFlow Lite's kernels.
var operators = []row{
	{0, "ADD", 11, 2, 2, "Add", arithmetic("Add")},
	{1, "AVERAGE_POOL_2D", 5, 1, 1, "AveragePool", pool("AveragePool")},
	{2, "CONCATENATION", 10, 1, -1, "Concat", concatenation},
	{3, "CONV_2D", 1, 2, 3, "Conv", conv2D},
	{4, "DEPTHWISE_CONV_2D", 2, 2, 3, "Conv", depthwiseConv2D},
	{5, "DEPTH_TO_SPACE", 94, 1, 1, "DepthToSpace", depthToSpace("DepthToSpace")},
	{6, "DEQUANTIZE", 38, 1, 1, "Dequantize", dequantize},
	{8, "FLOOR", 0, 1, 1, "Floor", plain("Floor")},
	{9, "FULLY_CONNECTED", 8, 2, 3, "Dense", fullyConnected},
	{11, "L2_NORMALIZATION", 12, 1, 1, "ReduceL2 Max Div", l2Normalization},
	{13, "LOCAL_RESPONSE_NORMALIZATION", 13, 1, 1, "LRN", localResponseNormalization},
	{14, "LOGISTIC", 0, 1, 1, "Sigmoid", plain("Sigmoid")},
	{17, "MAX_POOL_2D", 5, 1, 1, "MaxPool", pool("MaxPool")},
	{18, "MUL", 21, 2, 2, "Mul", arithmetic("Mul")},
	{19, "RELU", 0, 1, 1, "Relu", plain("Relu")},
	{20, "RELU_N1_TO_1", 0, 1, 1, "Clip", clip(-1, 1)},
	{21, "RELU6", 0, 1, 1, "Clip", clip(0, 6)},
	{22, "RESHAPE", 17, 1, 2, "Reshape", reshape},
	{23, "RESIZE_BILINEAR", 15, 2, 2, "Resize", resizeBilinear},
	{25, "SOFTMAX", 9, 1, 1, "Softmax", softmax},
	{26, "SPACE_TO_DEPTH", 19, 1, 1, "SpaceToDepth", depthToSpace("SpaceToDepth")},
	{28, "TANH", 0, 1, 1, "Tanh", plain("Tanh")},
	{34, "PAD", 22, 2, 2, "Pad", pad},
	{36, "GATHER", 23, 2, 2, "Gather", gather},
	{37, "BATCH_TO_SPACE_ND", 24, 3, 3, "Reshape Transpose Reshape Slice", batchToSpace},
	{38, "SPACE_TO_BATCH_ND", 25, 3, 3, "Pad Reshape Transpose Reshape", spaceToBatch},
	{39, "TRANSPOSE", 26, 2, 2, "Transpose", transpose},
	{40, "MEAN", 27, 2, 2, "ReduceMean", reduce("ReduceMean")},
	{41, "SUB", 28, 2, 2, "Sub", arithmetic("Sub")},
	{42, "DIV", 29, 2, 2, "Div", arithmetic("Div")},
	{43, "SQUEEZE", 30, 1, 1, "Squeeze", squeeze},
	{45, "STRIDED_SLICE", 32, 4, 4, "Slice", stridedSlice},
	{47, "EXP", 33, 1, 1, "Exp", plain("Exp")},
	{48, "TOPK_V2", 34, 2, 2, "TopK", topK},
	{49, "SPLIT", 35, 2, 2, "Split", split},
	{50, "LOG_SOFTMAX", 36, 1, 1, "LogSoftmax", logSoftmax},
	{53, "CAST", 37, 1, 1, "Cast", cast},
	{54, "PRELU", 0, 2, 2, "PRelu", plain("PRelu")},
	{55, "MAXIMUM", 39, 2, 2, "Max", plain("Max")},
	{56, "ARG_MAX", 40, 2, 2, "ArgMax", arg("ArgMax")},
	{57, "MINIMUM", 39, 2, 2, "Min", plain("Min")},
	{58, "LESS", 41, 2, 2, "Less", plain("Less")},
	{59, "NEG", 42, 1, 1, "Neg", plain("Neg")},
	{60, "PADV2", 43, 3, 3, "Pad", pad},
	{61, "GREATER", 44, 2, 2, "Greater", plain("Greater")},
	{62, "GREATER_EQUAL", 45, 2, 2, "GreaterOrEqual", plain("GreaterOrEqual")},
	{63, "LESS_EQUAL", 46, 2, 2, "LessOrEqual", plain("LessOrEqual")},
	{64, "SELECT", 47, 3, 3, "Where", selectV1},
	{65, "SLICE", 48, 3, 3, "Slice", slice},
	{69, "TILE", 51, 2, 2, "Tile", tile},
	{70, "EXPAND_DIMS", 52, 2, 2, "Unsqueeze", expandDims},
	{71, "EQUAL", 53, 2, 2, "Equal", plain("Equal")},
	{72, "NOT_EQUAL", 54, 2, 2, "Equal Not", notEqual},
	{73, "LOG", 0, 1, 1, "Log", plain("Log")},
	{74, "SUM", 27, 2, 2, "ReduceSum", reduce("ReduceSum")},
	{75, "SQRT", 0, 1, 1, "Sqrt", plain("Sqrt")},
	{76, "RSQRT", 0, 1, 1, "Sqrt Reciprocal", rsqrt},
	{77, "SHAPE", 55, 1, 1, "Shape", shape},
	{78, "POW", 56, 2, 2, "Pow", plain("Pow")},
	{79, "ARG_MIN", 57, 2, 2, "ArgMin", arg("ArgMin")},
	{81, "REDUCE_PROD", 27, 2, 2, "ReduceProd", reduce("ReduceProd")},
	{82, "REDUCE_MAX", 27, 2, 2, "ReduceMax", reduce("ReduceMax")},
	{83, "PACK", 59, 1, -1, "Unsqueeze Concat", pack},
	{84, "LOGICAL_OR", 60, 2, 2, "Or", plain("Or")},
	{86, "LOGICAL_AND", 62, 2, 2, "And", plain("And")},
	{87, "LOGICAL_NOT", 63, 1, 1, "Not", plain("Not")},
	{88, "UNPACK", 64, 1, 1, "Split Squeeze", unpack},
	{89, "REDUCE_MIN", 27, 2, 2, "ReduceMin", reduce("ReduceMin")},
	{90, "FLOOR_DIV", 65, 2, 2, "Div Floor", floorDiv},
	{92, "SQUARE", 66, 1, 1, "Mul", square},
	{93, "ZEROS_LIKE", 67, 1, 1, "Shape ConstantOfShape", zerosLike},
	{94, "FILL", 68, 2, 2, "Expand", fill},
	{95, "FLOOR_MOD", 72, 2, 2, "Mod", floorMod},
	{97, "RESIZE_NEAREST_NEIGHBOR", 74, 2, 2, "Resize", resizeNearest},
	{98, "LEAKY_RELU", 75, 1, 1, "LeakyRelu", leakyRelu},
	{99, "SQUARED_DIFFERENCE", 76, 2, 2, "Sub Mul", squaredDifference},
	{100, "MIRROR_PAD", 77, 2, 2, "Pad", mirrorPad},
	{101, "ABS", 78, 1, 1, "Abs", plain("Abs")},
	{102, "SPLIT_V", 79, 3, 3, "Split", splitV},
	{104, "CEIL", 0, 1, 1, "Ceil", plain("Ceil")},
	{105, "REVERSE_V2", 81, 2, 2, "Slice", reverse},
	{106, "ADD_N", 82, 1, -1, "Add", addN},
	{111, "ELU", 0, 1, 1, "Elu", elu},
	{114, "QUANTIZE", 89, 1, 1, "Quantize", quantize},
	{116, "ROUND", 0, 1, 1, "Round", plain("Round")},
	{117, "HARD_SWISH", 91, 1, 1, "HardSwish", plain("HardSwish")},
	{123, "SELECT_V2", 98, 3, 3, "Where", plain("Where")},
	{126, "BATCH_MATMUL", 101, 2, 2, "MatMul", batchMatMul},
	{130, "BROADCAST_TO", 104, 2, 2, "Expand", broadcastTo},
	{150, "GELU", 116, 1, 1, "Gelu", gelu},
	{152, "RELU_0_TO_1", 0, 1, 1, "Clip", clip(0, 1)},
	{158, "SIGN", 123, 1, 1, "Sign", plain("Sign")},
}

// codeCustom is the code of operators that the file names itself.
const codeCustom = 32

// others names the operators of TensorFlow Lite that have no row, for messages.
var others = map[int]string{
	7: "EMBEDDING_LOOKUP", 10: "HASHTABLE_LOOKUP", 12: "L2_POOL_2D", 15: "LSH_PROJECTION", 16: "LSTM", 24: "RNN",
	27: "SVDF", 29: "CONCAT_EMBEDDINGS", 30: "SKIP_GRAM", 31: "CALL", 32: "CUSTOM", 33: "EMBEDDING_LOOKUP_SPARSE",
	35: "UNIDIRECTIONAL_SEQUENCE_RNN", 44: "UNIDIRECTIONAL_SEQUENCE_LSTM", 46: "BIDIRECTIONAL_SEQUENCE_RNN",
	51: "DELEGATE", 52: "BIDIRECTIONAL_SEQUENCE_LSTM", 66: "SIN", 67: "TRANSPOSE_CONV", 68: "SPARSE_TO_DENSE",
	80: "FAKE_QUANT", 85: "ONE_HOT", 91: "REDUCE_ANY", 96: "RANGE", 103: "UNIQUE", 107: "GATHER_ND",
	108: "COS", 109: "WHERE", 110: "RANK", 112: "REVERSE_SEQUENCE", 113: "MATRIX_DIAG", 115: "MATRIX_SET_DIAG",
	118: "IF", 119: "WHILE", 120: "NON_MAX_SUPPRESSION_V4", 121: "NON_MAX_SUPPRESSION_V5", 122: "SCATTER_ND",
	124: "DENSIFY", 125: "SEGMENT_SUM", 128: "CUMSUM", 129: "CALL_ONCE", 131: "RFFT2D", 132: "CONV_3D", 133: "IMAG",
	134: "REAL", 135: "COMPLEX_ABS", 136: "HASHTABLE", 137: "HASHTABLE_FIND", 138: "HASHTABLE_IMPORT",
	139: "HASHTABLE_SIZE", 140: "REDUCE_ALL", 141: "CONV_3D_TRANSPOSE", 142: "VAR_HANDLE", 143: "READ_VARIABLE",
	144: "ASSIGN_VARIABLE", 145: "BROADCAST_ARGS", 146: "RANDOM_STANDARD_NORMAL", 147: "BUCKETIZE",
	148: "RANDOM_UNIFORM", 149: "MULTINOMIAL", 151: "DYNAMIC_UPDATE_SLICE", 153: "UNSORTED_SEGMENT_PROD",
	154: "UNSORTED_SEGMENT_MAX", 155: "UNSORTED_SEGMENT_SUM", 156: "ATAN2", 157: "UNSORTED_SEGMENT_MIN", 159: "BITCAST",
	160: "BITWISE_XOR", 161: "RIGHT_SHIFT",
}

var rows = byCode()

func byCode() map[int]*row {
	m := make(map[int]*row, len(operators))
	for i := range operators {
		m[operators[i].code] = &operators[i]
	}
	return m
}

// rowOf returns the row that converts an operator.
func rowOf(code opcode) (*row, error) {
	switch {
	case code.builtin == codeCustom:
		return nil, unsupportedf("custom operator %q", code.custom)
	case rows[code.builtin] != nil:
		return rows[code.builtin], nil
	}
	return nil, unsupportedf("operator")
}

// operatorName returns the name of a builtin operator.
func operatorName(code int) string {
	if r := rows[code]; r != nil {
		return r.name
	}
	if name := others[code]; name != "" {
		return name
	}
	return "number " + strconv.Itoa(code)
}
