package kernel

// Set is the kernels of one instruction set; what is empty is taken from the set below.
type Set struct {
	Gemm        []Gemm // widest first, each half as wide as the one before or narrower
	Depthwise   Depthwise
	Winograd    Winograd
	Interleave3 Interleave3
	MaxPool     Pool
	AveragePool Pool
	Binary      [NumBinaryOps]Binary
	Clamp       Unary
	Functions   [NumFunctions]Unary // may be empty: the drivers then call the scalar function
}

// Overlay returns s with every kernel that upper has in place of its own.
func (s Set) Overlay(upper Set) Set {
	if upper.Gemm != nil {
		s.Gemm = upper.Gemm
	}
	if upper.Depthwise.Run != nil {
		s.Depthwise = upper.Depthwise
	}
	if upper.Winograd.In != nil {
		s.Winograd = upper.Winograd
	}
	if upper.Interleave3.Run != nil {
		s.Interleave3 = upper.Interleave3
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
	for i, f := range upper.Functions {
		if f.Run != nil {
			s.Functions[i] = f
		}
	}
	return s
}

// Names returns the names of the kernels in s.
func (s Set) Names() []string {
	var names []string
	for _, g := range s.Gemm {
		names = append(names, g.Name)
	}
	names = append(names, s.Depthwise.Name, s.Winograd.Name, s.Interleave3.Name, s.MaxPool.Name, s.AveragePool.Name)
	for _, b := range s.Binary {
		names = append(names, b.Name)
	}
	names = append(names, s.Clamp.Name)
	for _, f := range s.Functions {
		if f.Run != nil {
			names = append(names, f.Name)
		}
	}
	return names
}
