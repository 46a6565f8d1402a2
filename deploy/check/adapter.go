package check

import (
	"fmt"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// adapterValues is the part of the values of the chart prometheus-adapter that the example sets.
type adapterValues struct {
	Rules struct {
		Custom []adapterRule `json:"custom"`
	} `json:"rules"`
}

// adapterRule is a rule of prometheus-adapter's configuration (docs/config.md of kubernetes-sigs/prometheus-adapter).
type adapterRule struct {
	SeriesQuery string `json:"seriesQuery"`
	Resources   struct {
		Overrides map[string]struct {
			Group    string `json:"group,omitempty"`
			Resource string `json:"resource"`
		} `json:"overrides"`
	} `json:"resources"`
	Name struct {
		Matches string `json:"matches,omitempty"`
		As      string `json:"as"`
	} `json:"name"`
	MetricsQuery string `json:"metricsQuery"`
}

// checkAdapter returns what is wrong with values for prometheus-adapter: they must give the autoscaler's metric.
func checkAdapter(file string, data []byte) []error {
	var errs faults
	var values adapterValues
	if err := yaml.UnmarshalStrict(data, &values); err != nil {
		return []error{fmt.Errorf("%w: %s: %w", ErrSchema, file, err)}
	}
	found := false
	for _, rule := range values.Rules.Custom {
		series, _, _ := strings.Cut(rule.SeriesQuery, "{")
		found = found || rule.Name.As == QueueMetric && series == QueueMetric
		for _, label := range []string{"namespace", "pod"} {
			if rule.Resources.Overrides[label].Resource != label {
				errs.add(file, "rule %s: label %s is no resource", rule.Name.As, label)
			}
		}
		query, err := template.New("").Delims("<<", ">>").Option("missingkey=error").Parse(rule.MetricsQuery)
		if err == nil {
			err = query.Execute(new(strings.Builder), map[string]string{
				"Series": series, "LabelMatchers": `namespace="a",pod=~"b|c"`, "GroupBy": "pod",
			})
		}
		if err != nil {
			errs.add(file, "rule %s: metricsQuery: %v", rule.Name.As, err)
		}
	}
	if !found {
		errs.add(file, "no rule for %s", QueueMetric)
	}
	return errs
}
