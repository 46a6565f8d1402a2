package bench

// Result is what was measured of a cell. Latencies are of one run, of all pictures of a batch.
type Result struct {
	Model     string  `json:"model"`
	Engine    string  `json:"engine"`
	Precision string  `json:"precision"`
	Threads   int     `json:"threads"`
	Batch     int     `json:"batch"`
	Sessions  int     `json:"sessions"`
	Runs      int     `json:"runs"`
	Outliers  int     `json:"outliers"` // runs above Tukey's outer fence and 1/4 above the upper quartile
	Quiet     float64 `json:"quiet_ms"` // median of the best quarter of time blocks
	Interval  float64 `json:"interval"` // by how much another measurement of Quiet may differ, relative to it, at 99 %
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P99       float64 `json:"p99_ms"`
	Images    float64 `json:"images_per_second"` // of all sessions, of the quiet median, like all that follow
	GMACs     float64 `json:"gmacs"`             // 10⁹ multiplications a second
	Share     float64 `json:"share_of_peak"`     // of the probed peak of one core, times the threads of all sessions, GOMAXPROCS at most
	Speedup   float64 `json:"speedup_over_fp32"` // over Octet's; 0 where the float model was not measured alike
	MACs      int64   `json:"macs"`              // multiplications of one picture
	Weights   int     `json:"weights_bytes"`     // packed
	Arena     int     `json:"arena_bytes"`       // of one session; 0 where the engine does not tell
	Load      float64 `json:"load_ms"`           // from the graph in memory to a session
	Rounds    []Round `json:"rounds"`
}

// Label names the engine with the precision, for a legend: Octet by the precision alone.
func (r Result) Label() string { return label(r.Engine, r.Precision) }

// Round is the runs of a cell in one of its turns.
type Round struct {
	Runs int     `json:"runs"`
	Mean float64 `json:"mean_ms"`
}

// Report is the outcome of Measure.
type Report struct {
	Machine Machine  `json:"machine"`
	Peak    Peak     `json:"peak"` // probed between the cells
	Results []Result `json:"results"`
	// Refused lists the cells whose engine cannot run the model.
	Refused []Refusal `json:"refused,omitempty"`
}

// Refusal is a cell that an engine cannot run.
type Refusal struct {
	Model     string `json:"model"`
	Engine    string `json:"engine"`
	Precision string `json:"precision"`
	Threads   int    `json:"threads"`
	Batch     int    `json:"batch"`
	Sessions  int    `json:"sessions"`
	Reason    string `json:"reason"`
}

// compare fills in the speed-ups over Octet's float model with the same threads and batch.
func compare(results []Result) {
	for i := range results {
		r := &results[i]
		for _, base := range results {
			if base.Engine == octetName && base.Precision == FP32.String() && base.Model == r.Model && base.Threads == r.Threads && base.Batch == r.Batch && base.Sessions == r.Sessions && r.Quiet > 0 {
				r.Speedup = base.Quiet / r.Quiet
			}
		}
	}
}
