package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/fp32"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// machine is what the cpu sub-command prints.
type machine struct {
	cpu.Info
	Levels  []string `json:"levels"`
	Chosen  string   `json:"chosen"`
	Kernels []string `json:"kernels"`
}

func (a *app) cpuCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "cpu",
		Short: "Show the processor, the instruction-set levels and the chosen kernels",
		Args:  arguments(cobra.NoArgs),
		RunE: func(_ *cobra.Command, _ []string) error {
			m, err := describeMachine()
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(m)
			}
			fmt.Fprintf(a.stdout, "processor  %s (%s), %d logical cores\n", m.Brand, m.Arch, m.Cores)
			fmt.Fprintf(a.stdout, "caches     L1d %d, L2 %d, L3 %d bytes\n", m.L1D, m.L2, m.L3)
			fmt.Fprintf(a.stdout, "features   %s\n", strings.Join(m.Features, " "))
			fmt.Fprintf(a.stdout, "levels     %s\n", strings.Join(m.Levels, " "))
			fmt.Fprintf(a.stdout, "chosen     %s (%s caps it)\n", m.Chosen, cpu.EnvMaxISA)
			for _, k := range m.Kernels {
				fmt.Fprintf(a.stdout, "kernel     %s\n", k)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeMachine() (*machine, error) {
	level, err := cpu.Best()
	if err != nil {
		return nil, err
	}
	m := &machine{Info: cpu.Describe(), Chosen: level.String()}
	for _, l := range cpu.Available() {
		m.Levels = append(m.Levels, l.String())
	}
	integer, err := i8.Select(level)
	if err != nil {
		return nil, err
	}
	float, err := f32.Select(level)
	if err != nil {
		return nil, err
	}
	m.Kernels = append(integer.Names(), float.Names()...)
	return m, nil
}
