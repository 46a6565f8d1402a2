#include "textflag.h"

// func vnniLoop(turns int)
//
// Requires AVX512F and AVX512VNNI, turns > 0. The instruction has a latency of 4 cycles and starts twice a cycle at most,
// so that 8 independent accumulators suffice; 16 leave room.
//
//	CX       turns left
//	Z0, Z1   factors, zero
//	Z2..Z17  accumulators
TEXT ·vnniLoop(SB), NOSPLIT, $0-8
	MOVQ   turns+0(FP), CX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	PCALIGN $64

turn:
	VPDPBUSD Z1, Z0, Z2
	VPDPBUSD Z1, Z0, Z3
	VPDPBUSD Z1, Z0, Z4
	VPDPBUSD Z1, Z0, Z5
	VPDPBUSD Z1, Z0, Z6
	VPDPBUSD Z1, Z0, Z7
	VPDPBUSD Z1, Z0, Z8
	VPDPBUSD Z1, Z0, Z9
	VPDPBUSD Z1, Z0, Z10
	VPDPBUSD Z1, Z0, Z11
	VPDPBUSD Z1, Z0, Z12
	VPDPBUSD Z1, Z0, Z13
	VPDPBUSD Z1, Z0, Z14
	VPDPBUSD Z1, Z0, Z15
	VPDPBUSD Z1, Z0, Z16
	VPDPBUSD Z1, Z0, Z17
	DECQ CX
	JNZ  turn
	VZEROUPPER
	RET
