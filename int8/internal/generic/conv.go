package generic

import "github.com/octet-ml/octet/int8/internal/kernel"

func conv(s *kernel.Set) {
	s.Gemm = kernel.GemmFamily{
		Rows: []kernel.Gemm{gemmRow()},
		Main: func(int, int) int { return 0 },
		Work: 1 << 17,
	}
	s.Expand4 = kernel.Expand4{Name: "s4_expand__generic", Func: expand4}
	s.RowSum = kernel.RowSum{Name: "u8s32_rowsum_x8__generic", Func: rowSum}
	s.Copy = kernel.Copy{Name: "u8_copy_x1__generic", Func: copyPieces}
	s.Depthwise = depthwiseFamily()
}
