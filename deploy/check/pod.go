package check

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// pod is what a Deployment or KServe makes pods of.
type pod struct {
	where  string
	labels map[string]string
	spec   corev1.PodSpec
}

// pathLive and pathReady are the health checks of the Open Inference Protocol.
const (
	pathLive  = "/v2/health/live"
	pathReady = "/v2/health/ready"
)

// port returns the container port that a name or number means.
func (p pod) port(ref intstr.IntOrString) (corev1.ContainerPort, bool) {
	for _, c := range p.spec.Containers {
		for _, port := range c.Ports {
			if ref.Type == intstr.String && port.Name == ref.StrVal || ref.Type == intstr.Int && port.ContainerPort == ref.IntVal {
				return port, true
			}
		}
	}
	return corev1.ContainerPort{}, false
}

// check returns what is wrong with the pod alone.
func (p pod) check() []error {
	var errs faults
	if len(p.spec.Containers) != 1 {
		errs.add(p.where, "want one container, got %d", len(p.spec.Containers))
		return errs
	}
	c := p.spec.Containers[0]
	args, err := parseArguments(p.where, c.Args)
	if err != nil {
		return append(errs, err)
	}
	if c.Image == "" || strings.HasSuffix(c.Image, ":latest") || !strings.ContainsAny(c.Image, ":@") {
		errs.add(p.where, "image %q has no tag or digest that stays", c.Image)
	}
	errs = append(errs, p.checkPorts(c, args)...)
	errs = append(errs, p.checkProbes(c)...)
	errs = append(errs, p.checkDrain(c, args)...)
	errs = append(errs, p.checkSecurity(c)...)
	errs = append(errs, p.checkVolumes(c, args)...)
	errs = append(errs, p.checkResources(c, args)...)
	return errs
}

// checkPorts: names and numbers are unique, and the addresses of the flags are the ports that are declared.
func (p pod) checkPorts(c corev1.Container, args arguments) []error {
	var errs faults
	names, numbers := map[string]bool{}, map[int32]bool{}
	for _, port := range c.Ports {
		if port.Name == "" || names[port.Name] || numbers[port.ContainerPort] {
			errs.add(p.where, "port %q %d has no name or stands twice", port.Name, port.ContainerPort)
		}
		names[port.Name], numbers[port.ContainerPort] = true, true
	}
	for _, flag := range []string{"http", "grpc", "metrics"} {
		n, err := args.port(p.where, flag)
		if err != nil {
			errs = append(errs, err)
		} else if !numbers[n] {
			errs.add(p.where, "--%s=%s is no port of the container", flag, args[flag])
		}
	}
	return errs
}

// checkProbes: the three probes ask a declared port, and liveness does not depend on models.
func (p pod) checkProbes(c corev1.Container) []error {
	var errs faults
	for _, probe := range []struct {
		name, path string
		probe      *corev1.Probe
	}{
		{"startupProbe", pathLive, c.StartupProbe}, {"livenessProbe", pathLive, c.LivenessProbe}, {"readinessProbe", pathReady, c.ReadinessProbe},
	} {
		if probe.probe == nil || probe.probe.HTTPGet == nil {
			errs.add(p.where, "no %s by HTTP", probe.name)
			continue
		}
		get := probe.probe.HTTPGet
		if get.Path != probe.path {
			errs.add(p.where, "%s asks %s, want %s", probe.name, get.Path, probe.path)
		}
		if _, ok := p.port(get.Port); !ok {
			errs.add(p.where, "%s: no port %s", probe.name, get.Port.String())
		}
	}
	return errs
}

// checkDrain: readiness is seen red before the server stops to accept, and the drain ends before the pod is killed.
func (p pod) checkDrain(c corev1.Container, args arguments) []error {
	var errs faults
	delay, err := args.duration(p.where, "drain-delay")
	if err != nil {
		return append(errs, err)
	}
	timeout, err := args.duration(p.where, "drain-timeout")
	if err != nil {
		return append(errs, err)
	}
	if r := c.ReadinessProbe; r != nil {
		if seen := time.Duration(max(r.PeriodSeconds, 1)*max(r.FailureThreshold, 1)) * time.Second; seen > delay {
			errs.add(p.where, "readiness is red after %s, --drain-delay is %s", seen, delay)
		}
	}
	grace := 30 * time.Second // Kubernetes' default
	if s := p.spec.TerminationGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	var stop time.Duration // the grace period runs while a preStop hook does
	if l := c.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
		stop = time.Duration(l.PreStop.Sleep.Seconds) * time.Second
	}
	if need := stop + delay + timeout; grace <= need {
		errs.add(p.where, "terminationGracePeriodSeconds gives %s, preStop, --drain-delay and --drain-timeout take %s", grace, need)
	}
	return errs
}

// checkSecurity: Kubernetes' restricted profile, a read-only root, and the user that the image has.
func (p pod) checkSecurity(c corev1.Container) []error {
	var errs faults
	own, all := c.SecurityContext, p.spec.SecurityContext
	if own == nil {
		own = &corev1.SecurityContext{}
	}
	if all == nil {
		all = &corev1.PodSecurityContext{}
	}
	yes := func(b *bool) bool { return b != nil && *b }
	no := func(b *bool) bool { return b != nil && !*b }
	if !yes(own.RunAsNonRoot) && !yes(all.RunAsNonRoot) || no(own.RunAsNonRoot) {
		errs.add(p.where, "runAsNonRoot is not set")
	}
	user := own.RunAsUser
	if user == nil {
		user = all.RunAsUser
	}
	if user == nil || *user == 0 {
		errs.add(p.where, "runAsUser is root's or not set")
	}
	if !yes(own.ReadOnlyRootFilesystem) {
		errs.add(p.where, "readOnlyRootFilesystem is not set")
	}
	if !no(own.AllowPrivilegeEscalation) || yes(own.Privileged) {
		errs.add(p.where, "privilege escalation is allowed")
	}
	if k := own.Capabilities; k == nil || len(k.Add) > 0 || len(k.Drop) != 1 || k.Drop[0] != "ALL" {
		errs.add(p.where, "capabilities are not all dropped")
	}
	profile := own.SeccompProfile
	if profile == nil {
		profile = all.SeccompProfile
	}
	if profile == nil || profile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		errs.add(p.where, "seccompProfile is not RuntimeDefault")
	}
	if !no(p.spec.AutomountServiceAccountToken) {
		errs.add(p.where, "a service account's token is mounted")
	}
	if p.spec.HostNetwork || p.spec.HostPID || p.spec.HostIPC {
		errs.add(p.where, "a namespace of the host is used")
	}
	return errs
}

// checkVolumes: each mount has its volume and is read-only, and --repository lies in one.
func (p pod) checkVolumes(c corev1.Container, args arguments) []error {
	var errs faults
	volumes := map[string]bool{}
	for _, v := range p.spec.Volumes {
		volumes[v.Name] = true
	}
	inside := false
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			errs.add(p.where, "no volume %s for the mount at %s", m.Name, m.MountPath)
		}
		if !m.ReadOnly {
			errs.add(p.where, "the mount at %s is not read-only", m.MountPath)
		}
		inside = inside || strings.HasPrefix(args["repository"]+"/", m.MountPath+"/")
	}
	if !inside {
		errs.add(p.where, "--repository=%s lies in no mount", args["repository"])
	}
	return errs
}

// checkResources: CPU and memory are requested and limited, by whole CPUs, requests in flight leave half of the memory to
// models, and the collector's limit is below the kernel's.
func (p pod) checkResources(c corev1.Container, args arguments) []error {
	var errs faults
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
		if request.IsZero() || limit.IsZero() || request.Cmp(limit) > 0 {
			errs.add(p.where, "%s: want a request and a limit that is not below it, got %s and %s", name, &request, &limit)
		}
	}
	cpu := c.Resources.Limits.Cpu()
	if cpu.MilliValue()%1000 != 0 {
		errs.add(p.where, "the limit of %s CPUs is not whole", cpu)
	}
	if n, err := strconv.ParseInt(args["max-bytes-in-flight"], 10, 64); err != nil || n > c.Resources.Limits.Memory().Value()/2 {
		errs.add(p.where, "--max-bytes-in-flight=%s is not half of the limit %s or less", args["max-bytes-in-flight"], c.Resources.Limits.Memory())
	}
	for _, env := range c.Env {
		if env.Name != "GOMEMLIMIT" {
			continue
		}
		q, err := resource.ParseQuantity(strings.TrimSuffix(env.Value, "B"))
		if err != nil {
			errs.add(p.where, "GOMEMLIMIT=%s: %v", env.Value, err)
		} else if q.Cmp(*c.Resources.Limits.Memory()) >= 0 {
			errs.add(p.where, "GOMEMLIMIT=%s is not below the limit %s", env.Value, c.Resources.Limits.Memory())
		}
		return errs
	}
	errs.add(p.where, "GOMEMLIMIT is not set")
	return errs
}

// faults collects broken rules.
type faults []error

func (f *faults) add(where, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%w: %s: %s", ErrRule, where, fmt.Sprintf(format, args...)))
}
