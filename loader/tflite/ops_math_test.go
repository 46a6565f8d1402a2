package tflite_test

// one maps a float vector by an operator without options.
func one(code int, x, y []float32) opCase {
	n := int32(len(x))
	return opCase{code, 0, nil, []operand{fv(dims(1, n), x...)}, []operand{fv(dims(1, n), y...)}}
}

// compared is a comparison of two vectors.
func compared(code int, y ...byte) opCase {
	return opCase{code, 0, nil, []operand{fv(dims(1, 3), 1, 2, 3), fv(dims(1, 3), 2, 2, 2)}, []operand{bv(dims(1, 3), y...)}}
}

var (
	rising = fv(dims(1, 2, 3), 1, 2, 3, 4, 5, 6)
	mixed  = []float32{-8, -1, 0, 0.5, 8}
)

var mathCases = map[string]opCase{
	"ADD/broadcast": {0, 11, nil, []operand{fv(dims(1, 2, 2), 1, 2, 3, 4), constant(fv(dims(2), 10, 20))}, []operand{fv(dims(1, 2, 2), 11, 22, 13, 24)}},
	"ADD/relu_n1_to_1": {0, 11, fields{0: byte(2)},
		[]operand{fv(dims(1, 3), -5, 0, 5), fv(dims(1, 3), 0.5, 0.5, 0.5)}, []operand{fv(dims(1, 3), -1, 0.5, 1)}},
	"ADD/options of another type": {0, 21, fields{0: byte(2)}, []operand{fv(dims(1, 1), 5), fv(dims(1, 1), 5)}, []operand{fv(dims(1, 1), 10)}},
	"SUB":                         {41, 28, nil, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), 3, 5)}, []operand{fv(dims(1, 2), -2, -3)}},
	"MUL/relu":                    {18, 21, fields{0: byte(1)}, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), -3, 5)}, []operand{fv(dims(1, 2), 0, 10)}},
	"DIV":                         {42, 29, nil, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), 4, 5)}, []operand{fv(dims(1, 2), 0.25, 0.4)}},
	"ADD_N":                       {106, 82, nil, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), 10, 20), fv(dims(1, 2), 100, 200)}, []operand{fv(dims(1, 2), 111, 222)}},
	"SQUARE":                      one(92, []float32{-3, 2}, []float32{9, 4}),
	"SQUARED_DIFFERENCE":          {99, 76, nil, []operand{fv(dims(1, 2), 1, 5), fv(dims(1, 2), 4, 3)}, []operand{fv(dims(1, 2), 9, 4)}},
	"MAXIMUM":                     {55, 39, nil, []operand{fv(dims(1, 2), 1, 5), fv(dims(1, 2), 4, 3)}, []operand{fv(dims(1, 2), 4, 5)}},
	"MINIMUM":                     {57, 39, nil, []operand{fv(dims(1, 2), 1, 5), fv(dims(1, 2), 4, 3)}, []operand{fv(dims(1, 2), 1, 3)}},
	"POW":                         {78, 56, nil, []operand{fv(dims(1, 2), 2, 9), fv(dims(1, 2), 3, 0.5)}, []operand{fv(dims(1, 2), 8, 3)}},
	"FLOOR_DIV":                   {90, 65, nil, []operand{fv(dims(1, 2), 7, -7), fv(dims(1, 2), 2, 2)}, []operand{fv(dims(1, 2), 3, -4)}},
	"FLOOR_MOD":                   {95, 72, nil, []operand{iv(dims(1, 2), 7, -7), iv(dims(1, 2), 3, 3)}, []operand{iv(dims(1, 2), 1, 2)}},

	"LESS":          compared(58, 1, 0, 0),
	"GREATER":       compared(61, 0, 0, 1),
	"GREATER_EQUAL": compared(62, 0, 1, 1),
	"LESS_EQUAL":    compared(63, 1, 1, 0),
	"EQUAL":         compared(71, 0, 1, 0),
	"NOT_EQUAL":     compared(72, 1, 0, 1),
	"LOGICAL_OR":    {84, 60, nil, []operand{bv(dims(1, 2), 1, 0), bv(dims(1, 2), 0, 0)}, []operand{bv(dims(1, 2), 1, 0)}},
	"LOGICAL_AND":   {86, 62, nil, []operand{bv(dims(1, 2), 1, 1), bv(dims(1, 2), 0, 1)}, []operand{bv(dims(1, 2), 0, 1)}},
	"LOGICAL_NOT":   {87, 63, nil, []operand{bv(dims(1, 2), 1, 0)}, []operand{bv(dims(1, 2), 0, 1)}},
	"SELECT":        {64, 47, nil, []operand{bv(dims(1, 2), 1, 0), fv(dims(1, 2), 1, 2), fv(dims(1, 2), 3, 4)}, []operand{fv(dims(1, 2), 1, 4)}},
	"SELECT_V2":     {123, 98, nil, []operand{bv(dims(1, 2), 1, 0), constant(fv(dims(), 1)), fv(dims(1, 2), 3, 4)}, []operand{fv(dims(1, 2), 1, 4)}},

	"FLOOR":        one(8, []float32{-1.5, 1.5}, []float32{-2, 1}),
	"CEIL":         one(104, []float32{-1.5, 1.5}, []float32{-1, 2}),
	"ROUND":        one(116, []float32{0.5, 1.5, -2.5}, []float32{0, 2, -2}),
	"ABS":          one(101, []float32{-1.5, 1.5}, []float32{1.5, 1.5}),
	"NEG":          one(59, []float32{-1.5, 1.5}, []float32{1.5, -1.5}),
	"SIGN":         one(158, []float32{-1.5, 0, 1.5}, []float32{-1, 0, 1}),
	"EXP":          one(47, []float32{0, 1}, []float32{1, 2.7182817}),
	"LOG":          one(73, []float32{1, 2.7182817}, []float32{0, 1}),
	"SQRT":         one(75, []float32{4, 2}, []float32{2, 1.4142135}),
	"RSQRT":        one(76, []float32{4, 2}, []float32{0.5, 0.70710677}),
	"LOGISTIC":     one(14, []float32{0, 1}, []float32{0.5, 0.7310586}),
	"TANH":         one(28, []float32{0, 1}, []float32{0, 0.7615942}),
	"RELU":         one(19, mixed, []float32{0, 0, 0, 0.5, 8}),
	"RELU6":        one(21, mixed, []float32{0, 0, 0, 0.5, 6}),
	"RELU_N1_TO_1": one(20, mixed, []float32{-1, -1, 0, 0.5, 1}),
	"RELU_0_TO_1":  one(152, mixed, []float32{0, 0, 0, 0.5, 1}),
	"ELU":          one(111, []float32{-1, 2}, []float32{-0.6321206, 2}),
	"HARD_SWISH":   one(117, []float32{-4, -1, 1, 4}, []float32{0, -1.0 / 3, 2.0 / 3, 4}),
	"LEAKY_RELU":   {98, 75, fields{0: float32(0.25)}, []operand{fv(dims(1, 2), -4, 4)}, []operand{fv(dims(1, 2), -1, 4)}},
	"PRELU":        {54, 0, nil, []operand{fv(dims(1, 1, 2, 2), -4, -4, 4, -1), constant(fv(dims(1, 1, 2), 0.25, 0.5))}, []operand{fv(dims(1, 1, 2, 2), -1, -2, 4, -0.5)}},
	"GELU":         {150, 116, fields{}, []operand{fv(dims(1, 2), 0, 1)}, []operand{fv(dims(1, 2), 0, 0.8413447)}},
	"GELU/tanh":    {150, 116, fields{0: true}, []operand{fv(dims(1, 2), 0, 1)}, []operand{fv(dims(1, 2), 0, 0.841192)}},

	"SOFTMAX/beta 2":   {25, 9, fields{0: float32(2)}, []operand{fv(dims(1, 2), 0, 1)}, []operand{fv(dims(1, 2), 0.11920292, 0.880797)}},
	"LOG_SOFTMAX":      {50, 36, nil, []operand{fv(dims(1, 2), 0, 0)}, []operand{fv(dims(1, 2), -0.6931472, -0.6931472)}},
	"L2_NORMALIZATION": {11, 12, nil, []operand{fv(dims(2, 2), 3, 4, 0, 0)}, []operand{fv(dims(2, 2), 0.6, 0.8, 0, 0)}},
	"L2_NORMALIZATION/relu": {11, 12, fields{0: byte(1)},
		[]operand{fv(dims(1, 2), -3, 4)}, []operand{fv(dims(1, 2), 0, 0.8)}},

	"MEAN/keeps":    {40, 27, fields{0: true}, []operand{rising, list(1, -1)}, []operand{fv(dims(1, 1, 1), 3.5)}},
	"MEAN/drops":    {40, 27, fields{}, []operand{rising, number(2)}, []operand{fv(dims(1, 2), 2, 5)}},
	"SUM":           {74, 27, fields{}, []operand{rising, list(1)}, []operand{fv(dims(1, 3), 5, 7, 9)}},
	"REDUCE_PROD":   {81, 27, fields{}, []operand{rising, list(1)}, []operand{fv(dims(1, 3), 4, 10, 18)}},
	"REDUCE_MAX":    {82, 27, fields{}, []operand{rising, list(1)}, []operand{fv(dims(1, 3), 4, 5, 6)}},
	"REDUCE_MIN":    {89, 27, fields{}, []operand{rising, list(1)}, []operand{fv(dims(1, 3), 1, 2, 3)}},
	"ARG_MAX":       {56, 40, fields{0: byte(2)}, []operand{fv(dims(1, 3), 1, 7, 7), number(-1)}, []operand{iv(dims(1), 1)}},
	"ARG_MIN":       {79, 57, fields{0: byte(2)}, []operand{fv(dims(1, 3), 7, 1, 1), number(1)}, []operand{iv(dims(1), 1)}},
	"TOPK_V2":       {48, 34, nil, []operand{fv(dims(1, 4), 1, 9, 4, 9), number(3)}, []operand{fv(dims(1, 3), 9, 9, 4), iv(dims(1, 3), 1, 3, 2)}},
	"CAST/to int32": {53, 37, nil, []operand{fv(dims(1, 2), -1.7, 1.7)}, []operand{iv(dims(1, 2), -1, 1)}},
}
