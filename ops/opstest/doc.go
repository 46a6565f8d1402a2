// Package opstest is the suite of package ops: helpers that build a node from operands and check what every operator
// promises, and tests of the operators with them.
//
// A Case is a node with its operands. Values compares its outputs with expected ones; Check runs it as its Reference and as
// its Lower on every kernel set of the machine, which agree: to the bit for integers, within Tolerance for floats. The suite
// judges operators one by one; whole models are for the tests of package runtime.
package opstest
