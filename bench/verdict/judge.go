package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// leastFloor bounds the noise floor from below: less is a matter of where the linker puts a loop.
const leastFloor = 0.01

// size returns by how much the slower side of a change is slower, whichever it is.
func (c change) size() float64 {
	if c.delta < 0 {
		return 1/(1+c.delta) - 1
	}
	return c.delta
}

// verdict is what a comparison amounts to.
type verdict struct {
	floor          float64 // sizes of changes below it are noise
	all, drowned   int     // benchmarks; those that differ significantly, but by less than the noise
	slower, faster []change
}

// judge sorts the benchmarks of a comparison. The noise floor is what 19 of 20 benchmarks of the noise differ by at most (all of them
// where there are fewer); a benchmark that is noisier than that has its own floor.
func judge(noise, comparison []change) verdict {
	own := make(map[string]float64)
	var spread []float64
	for _, c := range noise {
		own[c.name] = c.size()
		spread = append(spread, c.size())
	}
	slices.Sort(spread)
	v := verdict{floor: leastFloor, all: len(comparison)}
	if n := len(spread); n > 0 {
		v.floor = max(v.floor, spread[(19*n+19)/20-1])
	}
	for _, c := range comparison {
		switch {
		case !c.significant:
		case c.size() <= max(v.floor, own[c.name]):
			v.drowned++
		case c.delta > 0:
			v.slower = append(v.slower, c)
		default:
			v.faster = append(v.faster, c)
		}
	}
	for _, list := range [][]change{v.slower, v.faster} {
		slices.SortFunc(list, func(a, b change) int { return cmp.Compare(b.size(), a.size()) })
	}
	return v
}

// print writes a line for each benchmark that differs, and the verdict on the last line.
func (v *verdict) print(out io.Writer) {
	fmt.Fprintf(out, "noise floor %.1f %%: so much do the old side's odd runs differ from its even ones, at most (of 19 in 20 benchmarks)\n", 100*v.floor)
	for _, list := range []struct {
		word    string
		changes []change
	}{{"slower", v.slower}, {"faster", v.faster}} {
		for _, c := range list.changes {
			fmt.Fprintf(out, "%s: %s %+.1f %% (%s)\n", list.word, c.name, 100*c.delta, c.p)
		}
	}
	if v.drowned > 0 {
		fmt.Fprintf(out, "%s significantly, but by less than the noise\n", differ(v.drowned))
	}
	if len(v.slower)+len(v.faster) == 0 {
		fmt.Fprintf(out, "verdict: no difference that the noise allows to see, of %s\n", count(v.all))
		return
	}
	fmt.Fprintf(out, "verdict: of %s, %d slower%s, %d faster%s\n", count(v.all), len(v.slower), span(v.slower), len(v.faster), span(v.faster))
}

// span writes by how much benchmarks differ, which are sorted by that.
func span(list []change) string {
	if len(list) == 0 {
		return ""
	}
	most, least := 100*math.Abs(list[0].delta), 100*math.Abs(list[len(list)-1].delta)
	if len(list) == 1 {
		return fmt.Sprintf(" by %.1f %%", most)
	}
	return fmt.Sprintf(" by %.1f to %.1f %%", least, most)
}

func differ(n int) string {
	if n == 1 {
		return "1 benchmark differs"
	}
	return fmt.Sprintf("%d benchmarks differ", n)
}

func count(n int) string {
	if n == 1 {
		return "1 benchmark"
	}
	return fmt.Sprintf("%d benchmarks", n)
}
