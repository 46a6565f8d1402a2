package cpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Level is an instruction-set level that kernels are written for.
type Level uint8

// The levels. Each includes all features of the levels below it in the partial order.
const (
	Generic    Level = iota // portable Go
	AVX2                    // AVX2, FMA, BMI2
	AVXVNNI                 // AVX2 and VEX-encoded VPDPBUSD
	AVX512VNNI              // AVX-512 F, BW, DQ, VL and VNNI
	AVX512VBMI              // AVX512VNNI and AVX-512 VBMI
	NEON                    // arm64 base line
	DotProd                 // arm64 with SDOT and UDOT
	numLevels
)

type row struct {
	name  string
	below Level
}

var levels = [numLevels]row{
	Generic:    {"generic", Generic},
	AVX2:       {"avx2", Generic},
	AVXVNNI:    {"avxvnni", AVX2},
	AVX512VNNI: {"avx512vnni", AVX2},
	AVX512VBMI: {"avx512vbmi", AVX512VNNI},
	NEON:       {"neon", Generic},
	DotProd:    {"dotprod", NEON},
}

// EnvMaxISA names the environment variable that caps the level.
const EnvMaxISA = "OCTET_MAX_ISA"

// String returns the level's name, as ParseLevel reads it.
func (l Level) String() string {
	if l >= numLevels {
		return fmt.Sprintf("level(%d)", uint8(l))
	}
	return levels[l].name
}

// Includes reports whether every feature of m belongs to l too: l is m or above it in the partial order.
func (l Level) Includes(m Level) bool {
	for {
		if l == m {
			return true
		}
		if l == Generic {
			return false
		}
		l = levels[l].below
	}
}

// Chain returns the levels that l includes, poorest first and l last.
func (l Level) Chain() []Level {
	chain := []Level{l}
	for l != Generic {
		l = levels[l].below
		chain = append(chain, l)
	}
	slices.Reverse(chain)
	return chain
}

// ParseLevel returns the level with the given name; an unknown name is an error that lists the known ones.
func ParseLevel(name string) (Level, error) {
	var names []string
	for l := range numLevels {
		if levels[l].name == name {
			return l, nil
		}
		names = append(names, levels[l].name)
	}
	return Generic, fmt.Errorf("unknown instruction-set level %q: want one of %s", name, strings.Join(names, ", "))
}

// Available returns the levels that this process can use, poorest first, without regard to OCTET_MAX_ISA.
func Available() []Level {
	var out []Level
	for l := range numLevels {
		if supported(l) {
			out = append(out, l)
		}
	}
	return out
}

// Best returns the level to use: the richest available one that the cap allows.
//
// The cap is the level named by OCTET_MAX_ISA (no cap where it is empty): only levels that the cap includes are
// considered, so a cap of avxvnni on a machine without it gives avx2. An unknown name is an error.
func Best() (Level, error) {
	name := os.Getenv(EnvMaxISA)
	if name == "" {
		avail := Available()
		return avail[len(avail)-1], nil
	}
	limit, err := ParseLevel(name)
	if err != nil {
		return Generic, fmt.Errorf("%s: %w", EnvMaxISA, err)
	}
	best := Generic
	for _, l := range limit.Chain() {
		if supported(l) {
			best = l
		}
	}
	return best, nil
}
