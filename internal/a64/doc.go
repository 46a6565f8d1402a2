// Package a64 encodes the vector instructions of 64-bit Arm that the Go assembler lacks, as WORD directives with the
// mnemonic behind, for the programs that write our assembly. It is no assembler: it has the instructions that they use.
//
// Operands stand in Arm's order, destination first. Policy tests (internal/arch) have a table of their own and compare each
// word with the mnemonic behind it.
package a64
