package tflite

import "strings"

// OperatorRow describes an operator that Decode converts, for documents.
type OperatorRow struct {
	Code int    // value of BuiltinOperator
	Name string // as in BuiltinOperator
	// MinInputs inputs must be present; more than MaxInputs are refused, -1 where there is no bound.
	MinInputs, MaxInputs int
	// Becomes names the operators of package ops that do its work, in order; one that repeats stands once, a fused
	// activation may follow. Nodes that convert types are left out.
	Becomes []string
}

// Operators returns a row for each operator that Decode converts, by code. The caller owns the list.
func Operators() []OperatorRow {
	out := make([]OperatorRow, len(operators))
	for i, r := range operators {
		out[i] = OperatorRow{Code: r.code, Name: r.name, MinInputs: r.min, MaxInputs: r.max, Becomes: strings.Fields(r.becomes)}
	}
	return out
}
