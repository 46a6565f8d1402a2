package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

const (
	modelMount        = "/mnt/models"      // where KServe puts what storageUri points at
	serverContainer   = "kserve-container" // the name that KServe looks for
	annotationMode    = "serving.kserve.io/deploymentMode"
	annotationScaler  = "serving.kserve.io/autoscalerClass"
	labelOfService    = "serving.kserve.io/inferenceservice"
	protocolREST      = "v2"
	protocolGRPC      = "grpc-v2"
	standard, keda    = "Standard", "keda"
	componentOfPod    = "predictor"
	metricSourceQuery = "External"
)

// servingRuntime is what is judged of the spec of a ClusterServingRuntime.
type servingRuntime struct {
	Labels                map[string]string
	Annotations           map[string]string
	SupportedModelFormats []modelFormat
	ProtocolVersions      []string
	Containers            []corev1.Container
}

// modelFormat is a format by name; without a version it means each one.
type modelFormat struct{ Name, Version string }

// predictor is what is judged of an InferenceService beside its pod.
type predictor struct {
	MinReplicas, MaxReplicas int32
	AutoScaling              struct {
		Metrics []struct {
			Type     string
			External *struct{ Metric struct{ Query string } }
		}
	}
	Model struct {
		Runtime, ProtocolVersion, StorageURI string
		ModelFormat                          modelFormat
	}
}

// checkKServe returns what is wrong with each InferenceService beside the runtime that it names and the PodMonitors.
func checkKServe(objects []Object) []error {
	var errs faults
	var s set
	for _, o := range objects {
		if o.Kind != "InferenceService" {
			continue
		}
		p, err := s.service(&errs, o, objects)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, p.check()...)
		s.pods = append(s.pods, p)
	}
	for _, o := range objects {
		if o.Kind == "PodMonitor" {
			errs = append(errs, s.linkMonitor(o)...)
		}
	}
	return errs
}

// service judges an InferenceService and returns the pod that KServe makes of it and its runtime.
func (s *set) service(errs *faults, o Object, objects []Object) (pod, error) {
	spec, err := part[predictor](o, "spec", "predictor")
	if err != nil {
		return pod{}, err
	}
	i := slices.IndexFunc(objects, func(r Object) bool { return r.Kind == "ClusterServingRuntime" && r.Name == spec.Model.Runtime })
	if i < 0 {
		return pod{}, fmt.Errorf("%w: %s: no runtime %q", ErrRule, o.Where, spec.Model.Runtime)
	}
	runtime, err := part[servingRuntime](objects[i], "spec")
	if err != nil {
		return pod{}, err
	}
	p, err := mergePod(o, runtime)
	if err != nil {
		return pod{}, err
	}
	if port := runtime.Annotations["prometheus.kserve.io/port"]; !hasPort(p, intstr.Parse(port)) {
		errs.add(objects[i].Where, "prometheus.kserve.io/port is %s, which is no port", port)
	}
	known := slices.ContainsFunc(runtime.SupportedModelFormats, func(f modelFormat) bool {
		return f.Name == spec.Model.ModelFormat.Name && (spec.Model.ModelFormat.Version == "" || f.Version == spec.Model.ModelFormat.Version)
	})
	if !known {
		errs.add(o.Where, "the runtime has no format %v", spec.Model.ModelFormat)
	}
	if !slices.Contains(runtime.ProtocolVersions, spec.Model.ProtocolVersion) {
		errs.add(o.Where, "the runtime has no protocol %q", spec.Model.ProtocolVersion)
	}
	checkFirstPort(errs, o, p, spec.Model.ProtocolVersion)
	checkScaling(errs, o, spec, objects)
	return p, nil
}

// mergePod does what KServe 0.20 does: a strategic merge of the service's container into the runtime's, where arguments are
// appended, and the volume of the model.
func mergePod(o Object, runtime *servingRuntime) (pod, error) {
	i := slices.IndexFunc(runtime.Containers, func(c corev1.Container) bool { return c.Name == serverContainer })
	if i < 0 {
		return pod{}, fmt.Errorf("%w: runtime %s: no container %s", ErrRule, o.Where, serverContainer)
	}
	base := runtime.Containers[i]
	overlay, err := part[corev1.Container](o, "spec", "predictor", "model")
	if err != nil {
		return pod{}, err
	}
	spec, err := part[corev1.PodSpec](o, "spec", "predictor")
	if err != nil {
		return pod{}, err
	}
	overlay.Name = base.Name
	baseText, err := json.Marshal(base)
	if err != nil {
		return pod{}, fmt.Errorf("%w: %s: %w", ErrRule, o.Where, err)
	}
	overlayText, err := json.Marshal(overlay)
	if err != nil {
		return pod{}, fmt.Errorf("%w: %s: %w", ErrRule, o.Where, err)
	}
	text, err := strategicpatch.StrategicMergePatch(baseText, overlayText, corev1.Container{})
	if err != nil {
		return pod{}, fmt.Errorf("%w: %s: %w", ErrRule, o.Where, err)
	}
	var merged corev1.Container
	if err := json.Unmarshal(text, &merged); err != nil {
		return pod{}, fmt.Errorf("%w: %s: %w", ErrRule, o.Where, err)
	}
	merged.Args = slices.Concat(base.Args, overlay.Args)
	merged.VolumeMounts = append(merged.VolumeMounts, corev1.VolumeMount{Name: "kserve-provision-location", MountPath: modelMount, ReadOnly: true})
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "kserve-provision-location"})
	spec.Containers = []corev1.Container{merged}
	labels := map[string]string{"component": componentOfPod, labelOfService: o.Name}
	for name, value := range runtime.Labels {
		labels[name] = value
	}
	return pod{where: o.Where, labels: labels, spec: *spec}, nil
}

func hasPort(p pod, ref intstr.IntOrString) bool {
	_, ok := p.port(ref)
	return ok
}

// checkFirstPort: port 80 of KServe's Service leads to the first port of the container, which a gRPC one is by its name.
func checkFirstPort(errs *faults, o Object, p pod, protocol string) {
	flag := map[string]string{protocolREST: "http", protocolGRPC: "grpc"}[protocol]
	c := p.spec.Containers[0]
	args, err := parseArguments(p.where, c.Args)
	if err != nil || len(c.Ports) == 0 {
		return // p.check says so
	}
	n, err := args.port(p.where, flag)
	if err != nil {
		return
	}
	if first := c.Ports[0]; first.ContainerPort != n || strings.Contains(first.Name, "h2c") != (protocol == protocolGRPC) {
		errs.add(o.Where, "protocol %s, but the first port is %s %d", protocol, first.Name, first.ContainerPort)
	}
}

// podMatch finds the expression for the names of pods in a query of Prometheus.
var podMatch = regexp.MustCompile(`pod=~"([^"]*)"`)

// checkScaling: KEDA is asked to scale on the queue of this service's pods and no other's.
func checkScaling(errs *faults, o Object, spec *predictor, objects []Object) {
	annotations, err := part[map[string]string](o, "metadata", "annotations")
	if err != nil {
		*errs = append(*errs, err)
		return
	}
	if (*annotations)[annotationMode] != standard || (*annotations)[annotationScaler] != keda {
		errs.add(o.Where, "want the annotations %s: %s and %s: %s", annotationMode, standard, annotationScaler, keda)
	}
	if spec.MinReplicas < 2 || spec.MinReplicas > spec.MaxReplicas {
		errs.add(o.Where, "want minReplicas from 2 to maxReplicas")
	}
	queue := false
	for _, m := range spec.AutoScaling.Metrics {
		if m.Type != metricSourceQuery || m.External == nil {
			continue
		}
		query := m.External.Metric.Query
		queue = queue || strings.Contains(query, QueueMetric)
		if !strings.Contains(query, `namespace="`+o.Namespace+`"`) {
			errs.add(o.Where, "query %s is not of namespace %s", query, o.Namespace)
		}
		checkPodsOf(errs, o, query, objects)
	}
	if !queue {
		errs.add(o.Where, "does not read %s", QueueMetric)
	}
}

func checkPodsOf(errs *faults, o Object, query string, objects []Object) {
	m := podMatch.FindStringSubmatch(query)
	if m == nil {
		errs.add(o.Where, "query %s names no pods", query)
		return
	}
	pods, err := regexp.Compile("^(?:" + m[1] + ")$") // Prometheus anchors expressions
	if err != nil {
		errs.add(o.Where, "query %s: %v", query, err)
		return
	}
	for _, other := range objects {
		if other.Kind != "InferenceService" {
			continue
		}
		if name := other.Name + "-predictor-5d8f7c9b4-x2x7z"; pods.MatchString(name) != (other.Name == o.Name) {
			errs.add(o.Where, "query %s: pod %s: %t", query, name, pods.MatchString(name))
		}
	}
}
