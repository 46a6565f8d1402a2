package check

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// QueueMetric is the gauge of waiting examples that octet serve exports and that the autoscalers read.
const QueueMetric = "octet_queue_length"

// set is what is applied together.
type set struct {
	deployments []*appsv1.Deployment
	claims      map[string]bool
	pods        []pod
	scaled      map[string]bool // Deployments that an autoscaler scales
}

// checkSet returns what is wrong with objects that are applied together. KServe's own kinds have checkKServe.
func checkSet(objects []Object) []error {
	s := set{claims: map[string]bool{}, scaled: map[string]bool{}}
	var errs faults
	for _, o := range objects {
		if err := s.collect(o); err != nil {
			errs = append(errs, err)
		}
	}
	for _, o := range objects {
		link, ok := links[o.Kind]
		if !ok {
			continue
		}
		errs = append(errs, link(&s, o)...)
	}
	for _, p := range s.pods {
		errs = append(errs, p.check()...)
	}
	for _, d := range s.deployments {
		if s.scaled[d.Name] && d.Spec.Replicas != nil {
			errs.add("Deployment "+d.Name, "replicas would undo what the autoscaler chose")
		}
	}
	return errs
}

func (s *set) collect(o Object) error {
	switch o.Kind {
	case "Deployment":
		d, err := decode[appsv1.Deployment](o)
		if err != nil {
			return err
		}
		s.deployments = append(s.deployments, d)
		s.pods = append(s.pods, podOf(o, d))
	case "PersistentVolumeClaim":
		if _, err := decode[corev1.PersistentVolumeClaim](o); err != nil {
			return err
		}
		s.claims[o.Name] = true
	}
	return nil
}

func podOf(o Object, d *appsv1.Deployment) pod {
	return pod{where: o.Where, labels: d.Spec.Template.Labels, spec: d.Spec.Template.Spec}
}

// links judge an object of a kind against the others of its set.
var links = map[string]func(*set, Object) []error{
	"Deployment":              (*set).linkDeployment,
	"Service":                 (*set).linkService,
	"PodDisruptionBudget":     (*set).linkBudget,
	"HorizontalPodAutoscaler": (*set).linkAutoscaler,
	"NetworkPolicy":           (*set).linkPolicy,
	"PodMonitor":              (*set).linkMonitor,
}

func (s *set) linkDeployment(o Object) []error {
	var errs faults
	i := slices.IndexFunc(s.deployments, func(d *appsv1.Deployment) bool { return d.Name == o.Name })
	if i < 0 {
		return nil // collect says why
	}
	d := s.deployments[i]
	own := set{pods: []pod{podOf(o, d)}}
	own.selected(&errs, o, d.Spec.Selector)
	for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
		own.selected(&errs, o, c.LabelSelector)
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if claim := v.PersistentVolumeClaim; claim != nil && !s.claims[claim.ClaimName] {
			errs.add(o.Where, "no PersistentVolumeClaim %s", claim.ClaimName)
		}
	}
	return errs
}

func (s *set) linkService(o Object) []error {
	var errs faults
	service, err := decode[corev1.Service](o)
	if err != nil {
		return []error{err}
	}
	for _, p := range s.selected(&errs, o, &metav1.LabelSelector{MatchLabels: service.Spec.Selector}) {
		for _, port := range service.Spec.Ports {
			target := port.TargetPort
			if target == (intstr.IntOrString{}) {
				target = intstr.FromInt32(port.Port)
			}
			p.wantPort(&errs, o, target)
		}
	}
	return errs
}

func (s *set) linkBudget(o Object) []error {
	var errs faults
	budget, err := decode[policyv1.PodDisruptionBudget](o)
	if err != nil {
		return []error{err}
	}
	s.selected(&errs, o, budget.Spec.Selector)
	return errs
}

func (s *set) linkAutoscaler(o Object) []error {
	var errs faults
	scaler, err := decode[autoscalingv2.HorizontalPodAutoscaler](o)
	if err != nil {
		return []error{err}
	}
	target := scaler.Spec.ScaleTargetRef
	found := slices.ContainsFunc(s.deployments, func(d *appsv1.Deployment) bool {
		return target.APIVersion == d.APIVersion && target.Kind == d.Kind && target.Name == d.Name
	})
	if !found {
		errs.add(o.Where, "no %s %s to scale", target.Kind, target.Name)
	}
	s.scaled[target.Name] = true
	least := scaler.Spec.MinReplicas
	if least == nil || *least < 2 || *least > scaler.Spec.MaxReplicas {
		errs.add(o.Where, "want minReplicas from 2 to maxReplicas")
	}
	queue := false
	for _, m := range scaler.Spec.Metrics {
		queue = queue || m.Pods != nil && m.Pods.Metric.Name == QueueMetric
	}
	if !queue {
		errs.add(o.Where, "does not read %s", QueueMetric)
	}
	return errs
}

func (s *set) linkPolicy(o Object) []error {
	var errs faults
	policy, err := decode[networkingv1.NetworkPolicy](o)
	if err != nil {
		return []error{err}
	}
	for _, p := range s.selected(&errs, o, &policy.Spec.PodSelector) {
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				if port.Port != nil {
					p.wantPort(&errs, o, *port.Port)
				}
			}
		}
	}
	return errs
}

// monitor is what is judged of the spec of a PodMonitor.
type monitor struct {
	Selector            metav1.LabelSelector
	PodMetricsEndpoints []struct{ Port string }
}

func (s *set) linkMonitor(o Object) []error {
	var errs faults
	m, err := part[monitor](o, "spec")
	if err != nil {
		return []error{err}
	}
	for _, p := range s.selected(&errs, o, &m.Selector) {
		for _, e := range m.PodMetricsEndpoints {
			p.wantPort(&errs, o, intstr.FromString(e.Port))
		}
	}
	return errs
}

// selected returns the pods that a selector means; none is a fault.
func (s *set) selected(errs *faults, o Object, selector *metav1.LabelSelector) []pod {
	match, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		errs.add(o.Where, "selector: %v", err)
		return nil
	}
	var out []pod
	for _, p := range s.pods {
		if !match.Empty() && match.Matches(labels.Set(p.labels)) {
			out = append(out, p)
		}
	}
	if out == nil {
		errs.add(o.Where, "selects no pod: %q", match)
	}
	return out
}

// wantPort is a fault where the pod has no such port.
func (p pod) wantPort(errs *faults, o Object, ref intstr.IntOrString) {
	if _, ok := p.port(ref); !ok {
		errs.add(o.Where, "no port %s in %s", ref.String(), p.where)
	}
}
