package probe

import (
	"slices"

	"github.com/octet-ml/octet/internal/cpu"
)

// spinTurns makes a call of vnniLoop take some tens of microseconds.
const spinTurns = 1 << 12

// macsPerTurn is 16 instructions of 64 multiplications.
const macsPerTurn = 16 * 64

// vnniLoop is for range turns { 16 times: z[i] = VPDPBUSD(z[i], z0, z1) } on registers that hold zeros.
//
//go:noescape
func vnniLoop(turns int)

func available() bool { return slices.Contains(cpu.Available(), cpu.AVX512VNNI) }

// spin runs the loop and returns how many multiplications that were.
func spin(turns int) int {
	vnniLoop(turns)
	return turns * macsPerTurn
}
