package tflite_test

var moveCases = map[string]opCase{
	"RESHAPE/input":          {22, 17, nil, []operand{rising, list(-1, 2)}, []operand{fv(dims(3, 2), 1, 2, 3, 4, 5, 6)}},
	"RESHAPE/option":         {22, 17, fields{0: []int32{3, 2}}, []operand{rising}, []operand{fv(dims(3, 2), 1, 2, 3, 4, 5, 6)}},
	"SQUEEZE/axes":           {43, 30, fields{0: []int32{-1}}, []operand{fv(dims(1, 2, 1), 1, 2)}, []operand{fv(dims(1, 2), 1, 2)}},
	"SQUEEZE/all":            {43, 30, fields{}, []operand{fv(dims(1, 2, 1), 1, 2)}, []operand{fv(dims(2), 1, 2)}},
	"EXPAND_DIMS":            {70, 52, nil, []operand{fv(dims(1, 2), 1, 2), number(-1)}, []operand{fv(dims(1, 2, 1), 1, 2)}},
	"SHAPE":                  {77, 55, fields{0: byte(2)}, []operand{rising}, []operand{iv(dims(3), 1, 2, 3)}},
	"TRANSPOSE":              {39, 26, nil, []operand{rising, list(0, 2, 1)}, []operand{fv(dims(1, 3, 2), 1, 4, 2, 5, 3, 6)}},
	"GATHER":                 {36, 23, fields{0: int32(2)}, []operand{rising, list(2, 0)}, []operand{fv(dims(1, 2, 2), 3, 1, 6, 4)}},
	"CONCATENATION":          {2, 10, fields{0: int32(-1)}, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 1), 3)}, []operand{fv(dims(1, 3), 1, 2, 3)}},
	"CONCATENATION/relu6":    {2, 10, fields{0: int32(1), 1: byte(3)}, []operand{fv(dims(1, 2), -1, 2), fv(dims(1, 1), 30)}, []operand{fv(dims(1, 3), 0, 2, 6)}},
	"PACK":                   {83, 59, fields{0: int32(2), 1: int32(1)}, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), 3, 4)}, []operand{fv(dims(1, 2, 2), 1, 2, 3, 4)}},
	"PACK/last":              {83, 59, fields{0: int32(2), 1: int32(-1)}, []operand{fv(dims(1, 2), 1, 2), fv(dims(1, 2), 3, 4)}, []operand{fv(dims(1, 2, 2), 1, 3, 2, 4)}},
	"UNPACK":                 {88, 64, fields{0: int32(2), 1: int32(1)}, []operand{rising}, []operand{fv(dims(1, 3), 1, 2, 3), fv(dims(1, 3), 4, 5, 6)}},
	"SPLIT":                  {49, 35, fields{0: int32(3)}, []operand{number(2), rising}, []operand{fv(dims(1, 2, 1), 1, 4), fv(dims(1, 2, 1), 2, 5), fv(dims(1, 2, 1), 3, 6)}},
	"SPLIT_V":                {102, 79, fields{0: int32(2)}, []operand{rising, list(-1, 1), number(-1)}, []operand{fv(dims(1, 2, 2), 1, 2, 4, 5), fv(dims(1, 2, 1), 3, 6)}},
	"TILE":                   {69, 51, nil, []operand{fv(dims(1, 2), 1, 2), list(2, 2)}, []operand{fv(dims(2, 4), 1, 2, 1, 2, 1, 2, 1, 2)}},
	"BROADCAST_TO":           {130, 104, nil, []operand{fv(dims(1, 2), 1, 2), list(2, 2)}, []operand{fv(dims(2, 2), 1, 2, 1, 2)}},
	"FILL":                   {94, 68, nil, []operand{list(1, 2), fv(dims(), 7)}, []operand{fv(dims(1, 2), 7, 7)}},
	"ZEROS_LIKE":             {93, 67, nil, []operand{fv(dims(1, 2), 1, 2)}, []operand{fv(dims(1, 2), 0, 0)}},
	"REVERSE_V2":             {105, 81, nil, []operand{rising, list(2)}, []operand{fv(dims(1, 2, 3), 3, 2, 1, 6, 5, 4)}},
	"PAD":                    {34, 22, nil, []operand{fv(dims(1, 2), 1, 2), constant(iv(dims(2, 2), 0, 1, 2, 0))}, []operand{fv(dims(2, 4), 0, 0, 1, 2, 0, 0, 0, 0)}},
	"PADV2":                  {60, 43, nil, []operand{fv(dims(1, 2), 1, 2), constant(iv(dims(2, 2), 0, 0, 1, 0)), constant(fv(dims(), 9))}, []operand{fv(dims(1, 3), 9, 1, 2)}},
	"MIRROR_PAD/reflect":     {100, 77, fields{}, []operand{fv(dims(1, 3), 1, 2, 3), constant(iv(dims(2, 2), 0, 0, 2, 1))}, []operand{fv(dims(1, 6), 3, 2, 1, 2, 3, 2)}},
	"MIRROR_PAD/symmetric":   {100, 77, fields{0: byte(1)}, []operand{fv(dims(1, 3), 1, 2, 3), constant(iv(dims(2, 2), 0, 0, 1, 1))}, []operand{fv(dims(1, 5), 1, 1, 2, 3, 3)}},
	"SLICE":                  {65, 48, nil, []operand{rising, list(0, 1, 0), list(-1, 1, 2)}, []operand{fv(dims(1, 1, 2), 4, 5)}},
	"STRIDED_SLICE/strides":  sliced(fields{}, list(0, 0, 0), list(1, 2, 3), list(1, 1, 2), fv(dims(1, 2, 2), 1, 3, 4, 6)),
	"STRIDED_SLICE/backward": sliced(fields{0: int32(4), 1: int32(4)}, list(0, 0, 0), list(1, 2, 0), list(1, 1, -1), fv(dims(1, 2, 3), 3, 2, 1, 6, 5, 4)),
	"STRIDED_SLICE/masks":    sliced(fields{0: int32(2), 1: int32(2)}, list(0, 9, 1), list(1, 9, 2), list(1, 1, 1), fv(dims(1, 2, 1), 2, 5)),
	"STRIDED_SLICE/shrink":   sliced(fields{4: int32(6)}, list(0, -1, 1), list(1, 0, 2), list(1, 1, 1), fv(dims(1), 5)),
	"STRIDED_SLICE/ellipsis": sliced(fields{2: int32(1)}, list(0, 1), list(0, 2), list(1, 1), fv(dims(1, 2, 1), 2, 5)),
	"STRIDED_SLICE/new axis": sliced(fields{2: int32(1), 3: int32(2)}, list(0, 0), list(0, 0), list(1, 1), fv(dims(1, 2, 3, 1), 1, 2, 3, 4, 5, 6)),
	"STRIDED_SLICE/offset":   sliced(fields{5: true}, list(0, 0, 1), list(1, 2, 1), list(1, 1, 1), fv(dims(1, 2, 1), 2, 5)),
	"STRIDED_SLICE/nothing":  sliced(fields{0: int32(7), 1: int32(7)}, list(0, 0, 0), list(0, 0, 0), list(1, 1, 1), rising),
}

// sliced is a STRIDED_SLICE of rising.
func sliced(f fields, begin, end, strides, y operand) opCase {
	return opCase{45, 32, f, []operand{rising, begin, end, strides}, []operand{y}}
}
