package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// inspector is the state of the inspect sub-command.
type inspector struct {
	*app
	modelFlags
	stage string
	json  bool
}

func (a *app) inspectCommand() *cobra.Command {
	f := &inspector{app: a}
	c := &cobra.Command{
		Use:   "inspect MODEL | --kernels",
		Short: "Show what a model is and how it runs, or all operators and kernels",
		Long: `Inspect prints a model at one of three stages: loaded (as the file says), canonical (optimized, machine independent) or
planned (bound to kernels and memory).

Without MODEL, --kernels prints the operators, the formats' names for them, and the kernels of every level of this machine;
--kernels=LEVEL those of one level.`,
		RunE: func(c *cobra.Command, args []string) error {
			model, err := f.arguments(c, args)
			if err != nil {
				return err
			}
			if model == "" {
				return f.tables()
			}
			return f.run(model)
		},
	}
	f.register(c)
	c.Flags().Lookup("kernels").NoOptDefVal = allLevels
	c.Flags().IntVar(&f.batch, "batch", 1, "batch size of the plan")
	c.Flags().StringVar(&f.stage, "stage", "planned", "loaded, canonical or planned")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON (stage planned, or the tables)")
	return c
}

// inspection is the JSON form of the planned stage.
type inspection struct {
	Inputs   []valueForm        `json:"inputs"`
	Outputs  []valueForm        `json:"outputs"`
	Level    string             `json:"level"`
	Memory   runtime.Memory     `json:"memory"`
	MACs     int                `json:"macs"`
	Steps    []runtime.StepInfo `json:"steps"`
	Weights  map[string]string  `json:"weights"` // see weightForms
	Metadata map[string]string  `json:"metadata,omitempty"`
}

// valueForm is the JSON form of an input or output.
type valueForm struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape string `json:"shape"`
	Quant string `json:"quantization,omitempty"`
}

func (f *inspector) run(path string) error {
	if !slices.Contains([]string{"loaded", "canonical", "planned"}, f.stage) {
		return usageError{fmt.Errorf("--stage %s: want loaded, canonical or planned", f.stage)}
	}
	g, err := f.load(path)
	if err != nil {
		return err
	}
	if f.stage == "loaded" {
		return graph.Print(f.stdout, g)
	}
	p, err := f.compile(g)
	if err != nil {
		return err
	}
	if f.stage == "canonical" {
		return graph.Print(f.stdout, p.Canonical())
	}
	i := inspection{Inputs: forms(p.Inputs()), Outputs: forms(p.Outputs()), Level: p.Level(), Memory: p.Memory(), Steps: p.Steps(), Weights: weightForms(p.Canonical()), Metadata: p.Metadata()}
	for _, s := range i.Steps {
		i.MACs += s.MACs
	}
	if f.json {
		e := json.NewEncoder(f.stdout)
		e.SetIndent("", "  ")
		return e.Encode(i)
	}
	return i.print(f.stdout)
}

func forms(values []runtime.ValueInfo) []valueForm {
	var out []valueForm
	for _, v := range values {
		form := valueForm{Name: v.Name, Type: v.DType.String(), Shape: v.Shape.String()}
		if v.Quant != nil {
			form.Quant = v.Quant.String()
		}
		out = append(out, form)
	}
	return out
}

// print writes the planned stage for people.
func (i *inspection) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, v := range i.Inputs {
		fmt.Fprintf(w, "input\t%s\t%s%s\t%s\n", v.Name, v.Type, v.Shape, v.Quant)
	}
	for _, v := range i.Outputs {
		fmt.Fprintf(w, "output\t%s\t%s%s\t%s\n", v.Name, v.Type, v.Shape, v.Quant)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nkernels %s; %.1f million multiplications; packed weights %d bytes\n", i.Level, float64(i.MACs)/1e6, i.Memory.Weights)
	fmt.Fprintf(out, "arena %d bytes, %.2f times the largest live set of %d; scratch %d bytes a thread\n\n",
		i.Memory.Arena, float64(i.Memory.Arena)/float64(max(i.Memory.LiveSet, 1)), i.Memory.LiveSet, i.Memory.Scratch)
	proves := slices.ContainsFunc(i.Steps, func(s runtime.StepInfo) bool { return s.Proved > 0 })
	head := "step\toperator\toutput\tweights\tMMAC\tkernel\tname"
	if proves {
		fmt.Fprint(out, "proved: the share of products whose weights cannot bring a pair out of 16 bits, which this level adds fast\n\n")
		head = "step\toperator\toutput\tweights\tMMAC\tproved\tkernel\tname"
	}
	fmt.Fprintln(w, head)
	for k, s := range i.Steps {
		mmac := ""
		if s.MACs > 0 {
			mmac = fmt.Sprintf("%.2f", float64(s.MACs)/1e6)
			if proves {
				mmac += fmt.Sprintf("\t%.0f %%", 100*s.Proved)
			}
		} else if proves {
			mmac = "\t"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", k, s.Op, s.Output, i.Weights[s.Name], mmac, s.Kernel, s.Name)
	}
	return w.Flush()
}

// weightForms tells how the weights of convolutions and dense layers are stored, by the name of the node: their type, and what their
// scales belong to or that their codes are those of a table.
func weightForms(g *graph.Graph) map[string]string {
	forms := make(map[string]string)
	for _, n := range g.Nodes {
		if n.Op != "Conv" && n.Op != "Dense" {
			continue
		}
		w := n.Inputs[1]
		form := w.DType.String()
		switch q := w.Quant; {
		case q == nil:
		case q.Table != nil:
			form += " codebook"
		case q.IsPerTensor():
			form += " tensor"
		default:
			form += " channel"
		}
		forms[n.Name] = form
	}
	return forms
}
