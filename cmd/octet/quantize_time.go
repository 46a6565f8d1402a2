package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/octet-ml/octet/quantize"
)

// timeOptions sets the options by --optimize and --max-time.
func (f *quantizer) timeOptions(o *quantize.Options) error {
	switch f.optimize {
	case "":
	case "time":
		o.OptimizeTime = true
	default:
		return fmt.Errorf("%w: --optimize %q: want time", quantize.ErrOption, f.optimize)
	}
	if f.time == "" {
		return nil
	}
	share, err := strconv.ParseFloat(f.time, 64)
	if err == nil && share > 0 {
		o.Target.Time = share
		return nil
	}
	d, err := time.ParseDuration(f.time)
	if err != nil || d <= 0 {
		return fmt.Errorf("%w: --max-time %q: want a share of the float model's time, such as 0.5, or a time, such as 3ms", quantize.ErrOption, f.time)
	}
	o.Target.Latency = d
	return nil
}
