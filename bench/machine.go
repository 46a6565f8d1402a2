package bench

import (
	"os"
	goruntime "runtime"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
)

// Machine is where figures were measured, so that they can be judged.
type Machine struct {
	Processor string  `json:"processor"`
	System    string  `json:"system"` // GOOS/GOARCH
	Cores     int     `json:"cores"`  // logical cores this process may use
	MaxProcs  int     `json:"gomaxprocs"`
	Level     string  `json:"level"` // instruction-set level of the kernels
	Go        string  `json:"go"`
	Clock     float64 `json:"ghz"`            // of one core: ProbeClock; of a Report, probed between the cells
	Load      string  `json:"load,omitempty"` // load averages over 1, 5 and 15 minutes before the measurement, where known
}

// DescribeMachine returns the facts of this machine, for kernels of the given level.
func DescribeMachine(level cpu.Level) Machine {
	info := cpu.Describe()
	m := Machine{
		Processor: info.Brand, System: goruntime.GOOS + "/" + goruntime.GOARCH, Cores: info.Cores,
		MaxProcs: goruntime.GOMAXPROCS(0), Level: level.String(), Go: goruntime.Version(), Clock: ProbeClock(),
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(data)); len(f) >= 3 {
			m.Load = strings.Join(f[:3], " ")
		}
	}
	return m
}

// level returns the level with the given name, the best one for "".
func level(name string) (cpu.Level, error) {
	if name == "" {
		return cpu.Best()
	}
	return cpu.ParseLevel(name)
}
