package kernel

// Set is the kernels of one instruction set; what is empty is taken from the set below.
type Set struct {
	Gemm        []Gemm // widest first, each half as wide as the one before or narrower
	Depthwise   Depthwise
	MaxPool     Pool
	AveragePool Pool
	Binary      [NumBinaryOps]Binary
	Clamp       Unary
}

// Overlay returns s with every kernel that upper has in place of its own.
func (s Set) Overlay(upper Set) Set {
	if upper.Gemm != nil {
		s.Gemm = upper.Gemm
	}
	if upper.Depthwise.Run != nil {
		s.Depthwise = upper.Depthwise
	}
	if upper.MaxPool.Run != nil {
		s.MaxPool = upper.MaxPool
	}
	if upper.AveragePool.Run != nil {
		s.AveragePool = upper.AveragePool
	}
	for i, b := range upper.Binary {
		if b.Vector != nil {
			s.Binary[i] = b
		}
	}
	if upper.Clamp.Run != nil {
		s.Clamp = upper.Clamp
	}
	return s
}

// Names returns the names of the kernels in s.
func (s Set) Names() []string {
	var names []string
	for _, g := range s.Gemm {
		names = append(names, g.Name)
	}
	names = append(names, s.Depthwise.Name, s.MaxPool.Name, s.AveragePool.Name)
	for _, b := range s.Binary {
		names = append(names, b.Name)
	}
	return append(names, s.Clamp.Name)
}
