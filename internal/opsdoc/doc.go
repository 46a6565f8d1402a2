// Package opsdoc reads the tables of operators, formats and kernels and writes docs/OPS.md from them.
//
// Operators joins the table of package ops with those of the formats; Levels lists the kernels of the levels that this
// machine has; SourceKernels lists those of all levels, from the sources, so that the document is the same wherever it is
// written. "octet inspect --kernels" prints the first two.
//
// It decides nothing: what a row says stands in the package that the row belongs to.
package opsdoc

//go:generate go run generate.go
