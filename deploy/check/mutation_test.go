package check

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	deployment = "kubernetes/base/deployment.yaml"
	service    = "kubernetes/base/service.yaml"
	claim      = "kubernetes/base/persistentvolumeclaim.yaml"
	budget     = "kubernetes/base/poddisruptionbudget.yaml"
	scaler     = "kubernetes/base/horizontalpodautoscaler.yaml"
	policy     = "kubernetes/base/networkpolicy.yaml"
	podMonitor = "kubernetes/monitoring/podmonitor.yaml"
	runtimeOf  = "kserve/clusterservingruntime.yaml"
	rest       = "kserve/inferenceservice-rest.yaml"
	grpc       = "kserve/inferenceservice-grpc.yaml"
)

// mutations break one thing each: the first occurrence of old in the file becomes new.
var mutations = []struct {
	name, file, old, new string
	want                 error
	says                 string // part of a message
}{
	// The form of objects.
	{"unknown_field", deployment, "minReadySeconds:", "minReadySecond:", ErrSchema, "minReadySecond"},
	{"unknown_field_of_a_container", deployment, "readinessProbe:", "readynessProbe:", ErrSchema, "readynessProbe"},
	{"unknown_field_below_a_list", service, "targetPort: http", "target: http", ErrSchema, "'target'"},
	{"case_of_a_field", budget, "maxUnavailable", "maxunavailable", ErrSchema, "maxunavailable"},
	{"key_twice", service, "  selector:\n", "  selector: {}\n  selector:\n", ErrManifest, "selector"},
	{"no_yaml", service, "spec:", "spec", ErrManifest, service},
	{"string_for_a_number", deployment, "periodSeconds: 1", `periodSeconds: "1"`, ErrSchema, "periodSeconds"},
	{"number_beyond_int32", deployment, "failureThreshold: 60", "failureThreshold: 3000000000", ErrSchema, "failureThreshold"},
	{"number_for_a_string", policy, `octet.dev/clients: "true"`, "octet.dev/clients: true", ErrSchema, "clients"},
	{"no_quantity", deployment, "memory: 1Gi", "memory: 1GB", ErrSchema, "quantit"},
	{"required_field_missing", service, "      port: 8000\n", "", ErrSchema, "port"},
	{"required_selector_missing", deployment, "  selector:\n    matchLabels:\n      app.kubernetes.io/name: octet\n", "", ErrSchema, "selector"},
	{"kind_of_no_version", scaler, "autoscaling/v2\n", "autoscaling/v2beta2\n", ErrSchema, "no schema"},
	{"no_name", budget, "  name: octet\n", "", ErrManifest, "metadata.name"},
	{"kustomization_unknown_field", "kubernetes/base/kustomization.yaml", "images:", "imagez:", ErrManifest, "imagez"},
	{"kustomization_without_a_file", "kubernetes/base/kustomization.yaml", "service.yaml", "services.yaml", ErrManifest, "services.yaml"},
	{"patch_of_another_volume", "kubernetes/models-in-image/kustomization.yaml", "value: models", "value: data", ErrManifest, "models-in-image"},
	{"patch_to_an_unknown_field", "kubernetes/models-in-image/kustomization.yaml", "reference:", "ref:", ErrSchema, "'ref'"},
	{"runtime_unknown_field", runtimeOf, "protocolVersions:", "protocols:", ErrSchema, "protocols"},
	{"runtime_priority_below_its_range", runtimeOf, "priority: 1", "priority: 0", ErrSchema, "priority"},
	{"runtime_without_containers", runtimeOf, "  containers:\n", "  template:\n", ErrSchema, "containers"},
	{"service_unknown_field", rest, "storageUri:", "storageURI:", ErrSchema, "storageURI"},
	{"service_metric_of_no_type", rest, "type: External", "type: Prometheus", ErrSchema, "External"},
	{"service_backend_of_no_kind", grpc, "backend: prometheus", "backend: influx", ErrSchema, "prometheus"},
	{"service_value_against_its_pattern", rest, `value: "16"`, `value: sixteen`, ErrSchema, "pattern"},
	{"service_format_without_a_name", rest, "        name: onnx\n", "        version: \"1\"\n", ErrSchema, "name"},
	{"monitor_unknown_field", podMonitor, "interval:", "every:", ErrSchema, "every"},
	{"monitor_interval_against_its_pattern", podMonitor, "15s", "15 s", ErrSchema, "pattern"},

	// What belongs together.
	{"selector_of_no_pod", service, "  selector:\n    app.kubernetes.io/name: octet", "  selector:\n    app.kubernetes.io/name: octed", ErrRule, "selects no pod"},
	{"selector_beside_its_template", deployment, "    matchLabels:\n      app.kubernetes.io/name: octet", "    matchLabels:\n      app.kubernetes.io/name: other", ErrRule, "selects no pod"},
	{"budget_of_no_pod", budget, "      app.kubernetes.io/name: octet", "      app: octet", ErrRule, "selects no pod"},
	{"policy_of_no_pod", policy, "      app.kubernetes.io/name: octet", "      app: octet", ErrRule, "selects no pod"},
	{"monitor_of_no_pod", podMonitor, "      app.kubernetes.io/name: octet", "      app: octet", ErrRule, "selects no pod"},
	{"port_of_a_service", service, "targetPort: http", "targetPort: web", ErrRule, "no port web"},
	{"port_of_a_policy", policy, "port: metrics", "port: metric", ErrRule, "no port metric"},
	{"port_of_a_monitor", podMonitor, "port: metrics", "port: prometheus", ErrRule, "no port prometheus"},
	{"port_of_a_probe", deployment, "port: http", "port: web", ErrRule, "no port web"},
	{"port_of_a_flag", deployment, "--grpc=:8001", "--grpc=:9001", ErrRule, "--grpc=:9001"},
	{"port_name_twice", deployment, "name: metrics", "name: http", ErrRule, "twice"},
	{"path_of_a_probe", deployment, "path: /v2/health/ready", "path: /healthz", ErrRule, "/healthz"},
	{"target_of_the_autoscaler", scaler, "    name: octet\n", "    name: octets\n", ErrRule, "octets to scale"},
	{"one_replica", scaler, "minReplicas: 2", "minReplicas: 1", ErrRule, "minReplicas"},
	{"metric_of_the_autoscaler", scaler, "octet_queue_length", "octet_queue_size", ErrRule, QueueMetric},
	{"replicas_beside_the_autoscaler", deployment, "  revisionHistoryLimit: 5", "  replicas: 3", ErrRule, "replicas"},
	{"claim_by_another_name", claim, "name: octet-models", "name: octet-data", ErrRule, "octet-models"},
	{"mount_without_a_volume", deployment, "        - name: models\n          persistentVolumeClaim", "        - name: model\n          persistentVolumeClaim", ErrRule, "no volume models"},
	{"repository_outside_of_the_mount", deployment, "--repository=/models", "--repository=/data", ErrRule, "in no mount"},
	{"flag_in_two_words", deployment, "- --drain-delay=10s", "- --drain-delay\n            - 10s", ErrRule, "--name=value"},
	{"grace_less_than_the_drain", deployment, "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 40", ErrRule, "terminationGracePeriodSeconds"},
	{"drain_longer_than_the_grace", deployment, "--drain-timeout=30s", "--drain-timeout=1m", ErrRule, "terminationGracePeriodSeconds"},
	{"delay_shorter_than_readiness", deployment, "--drain-delay=10s", "--drain-delay=1s", ErrRule, "readiness is red"},
	{"root", deployment, "runAsUser: 65532", "runAsUser: 0", ErrRule, "runAsUser"},
	{"root_allowed", deployment, "runAsNonRoot: true", "runAsNonRoot: false", ErrRule, "runAsNonRoot"},
	{"writable_root", deployment, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", ErrRule, "readOnlyRootFilesystem"},
	{"capability", deployment, "- ALL", "- NET_RAW", ErrRule, "capabilities"},
	{"seccomp", deployment, "type: RuntimeDefault", "type: Unconfined", ErrRule, "seccomp"},
	{"token", deployment, "automountServiceAccountToken: false", "automountServiceAccountToken: true", ErrRule, "token"},
	{"part_of_a_cpu", deployment, "            limits:\n              cpu: \"2\"", "            limits:\n              cpu: 2500m", ErrRule, "not whole"},
	{"requests_that_fill_the_memory", deployment, "--max-bytes-in-flight=268435456", "--max-bytes-in-flight=1073741824", ErrRule, "--max-bytes-in-flight"},
	{"collector_above_the_limit", deployment, "value: 900MiB", "value: 2GiB", ErrRule, "GOMEMLIMIT"},
	{"image_without_a_tag", "kubernetes/base/kustomization.yaml", "    newTag: v1\n", "", ErrRule, "tag"},
	{"adapter_unknown_field", adapterFile, "metricsQuery:", "metricQuery:", ErrSchema, "metricQuery"},
	{"adapter_metric", adapterFile, "as: octet_queue_length", "as: queue", ErrRule, QueueMetric},
	{"adapter_template", adapterFile, "<<.Series>>", "<<.Serie>>", ErrRule, "metricsQuery"},
	{"runtime_by_another_name", rest, "runtime: octet", "runtime: triton", ErrRule, "no runtime"},
	{"runtime_without_the_format", rest, "        name: onnx\n", "        name: pytorch\n", ErrRule, "no format"},
	{"runtime_without_the_protocol", rest, "protocolVersion: v2", "protocolVersion: v1", ErrRule, "no protocol"},
	{"runtime_container_name", runtimeOf, "name: kserve-container", "name: octet", ErrRule, "kserve-container"},
	{"runtime_repository", runtimeOf, "--repository=/mnt/models", "--repository=/models", ErrRule, "in no mount"},
	{"runtime_probe", runtimeOf, "port: 8080", "port: 8081", ErrRule, "no port 8081"},
	{"runtime_metrics_port", runtimeOf, `port: "8002"`, `port: "8003"`, ErrRule, "8003"},
	{"runtime_labels_for_the_monitor", runtimeOf, "app.kubernetes.io/name: octet", "app: octet", ErrRule, "selects no pod"},
	{"service_with_kserves_grace", rest, "    terminationGracePeriodSeconds: 60\n", "", ErrRule, "terminationGracePeriodSeconds"},
	{"service_grpc_behind_a_rest_port", grpc, "        - name: h2c\n          containerPort: 9000\n          protocol: TCP\n", "", ErrRule, "first port"},
	{"service_mode", rest, "deploymentMode: Standard", "deploymentMode: Knative", ErrRule, "deploymentMode"},
	{"service_query_of_other_pods", rest, "mobilenet-predictor-.*", "mobilenet-.*", ErrRule, "mobilenet-grpc"},
	{"service_query_of_another_namespace", rest, `namespace="default"`, `namespace="prod"`, ErrRule, "namespace"},
	{"service_query_of_another_metric", grpc, "octet_queue_length", "octet_requests_total", ErrRule, QueueMetric},
}

func TestMutatedManifestsAreRefused(t *testing.T) {
	s := schemas(t)
	files, err := yamlFiles(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{}
			for name, data := range files.data {
				fsys[name] = &fstest.MapFile{Data: data}
			}
			text := string(files.data[m.file])
			if !strings.Contains(text, m.old) {
				t.Fatalf("%s has no %q", m.file, m.old)
			}
			fsys[m.file] = &fstest.MapFile{Data: []byte(strings.Replace(text, m.old, m.new, 1))}
			errs := Tree(fsys, s)
			for _, err := range errs {
				if errors.Is(err, m.want) && strings.Contains(err.Error(), m.says) {
					return
				}
			}
			t.Errorf("want %q with %q, got %q", m.want, m.says, errs)
		})
	}
}
