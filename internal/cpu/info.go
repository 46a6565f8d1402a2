package cpu

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// Info describes the processor, for reports.
type Info struct {
	Brand    string   `json:"brand"`    // marketing name, empty where the system does not tell
	Arch     string   `json:"arch"`     // GOARCH
	Cores    int      `json:"cores"`    // logical cores this process may use
	L1D      int      `json:"l1d"`      // bytes of level-1 data cache, -1 where unknown
	L2       int      `json:"l2"`       // bytes of level-2 cache, -1 where unknown
	L3       int      `json:"l3"`       // bytes of level-3 cache, -1 where unknown
	Features []string `json:"features"` // feature names as cpuid prints them
}

// Describe returns the facts of the processor that the process runs on.
func Describe() Info {
	c := cpuid.CPU
	return Info{
		Brand: c.BrandName, Arch: runtime.GOARCH, Cores: runtime.NumCPU(),
		L1D: c.Cache.L1D, L2: c.Cache.L2, L3: c.Cache.L3,
		Features: c.FeatureSet(),
	}
}
