package onnx

import "slices"

// OperatorRow describes an operator that Decode converts, for documents.
type OperatorRow struct {
	Domain string // "" for ONNX's own, "com.microsoft" for ONNX Runtime's
	Name   string // as in NodeProto.op_type
	// MinInputs inputs must be present; more than MaxInputs are refused, -1 where there is no bound.
	MinInputs, MaxInputs int
	// Becomes names the operators of package ops that do its work, in order. Nodes that convert types or bring data into
	// the form of another version are left out. It is empty where the operator becomes a constant of the graph.
	Becomes []string
}

// Operators returns a row for each operator that Decode converts, ONNX's own first, sorted by name. Every row holds for
// opsets 7 to 24. The caller owns the list.
func Operators() []OperatorRow {
	out := make([]OperatorRow, len(table))
	for i, r := range table {
		names, other := becomes[r.op]
		if !other {
			names = []string{r.op}
		}
		out[i] = OperatorRow{Domain: r.domain, Name: r.op, MinInputs: r.min, MaxInputs: r.max, Becomes: slices.Clone(names)}
	}
	return out
}

// becomes has the operators, of whatever domain, that do not become the operator of package ops with their own name.
var becomes = map[string][]string{
	"CastLike":                 {"Cast"},
	"Constant":                 {},
	"ConvInteger":              {"Conv"},
	"DequantizeLinear":         {"Dequantize"},
	"Dropout":                  {"Identity"},
	"DynamicQuantizeMatMul":    {"DynamicQuantizeLinear", "MatMul", "Mul"},
	"FusedConv":                {"Conv"},
	"FusedGemm":                {"Gemm"},
	"MatMulInteger":            {"MatMul"},
	"MatMulIntegerToFloat":     {"MatMul", "Mul"},
	"NhwcMaxPool":              {"MaxPool"},
	"QGemm":                    {"Gemm"},
	"QLinearAdd":               {"Add"},
	"QLinearAveragePool":       {"AveragePool"},
	"QLinearConcat":            {"Concat"},
	"QLinearConv":              {"Conv"},
	"QLinearGlobalAveragePool": {"GlobalAveragePool"},
	"QLinearLeakyRelu":         {"LeakyRelu"},
	"QLinearMatMul":            {"MatMul"},
	"QLinearMul":               {"Mul"},
	"QLinearReduceMean":        {"ReduceMean"},
	"QLinearSigmoid":           {"Sigmoid"},
	"QLinearSoftmax":           {"Softmax"},
	"QLinearWhere":             {"Where"},
	"QuantizeLinear":           {"Quantize"},
	"QuickGelu":                {"Swish"},
	"Upsample":                 {"Resize"},
}
