package gorgonia

import "gorgonia.org/gorgonia"

// Operands returns what n is computed from.
func Operands(n *gorgonia.Node) gorgonia.Nodes { return familyOf(gorgonia.Nodes{n}).operands(n) }
