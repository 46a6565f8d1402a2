package published

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

var (
	// ErrSource is returned when a module cannot be had or is not the one that is pinned.
	ErrSource = errors.New("source of a schema")
	// ErrSchema is returned when a published schema has a form that this package does not know.
	ErrSchema = errors.New("published schema")
)

// Source is a Go module with schemas.
type Source struct {
	Output  string   // file name of the reduced schemas
	Module  string   // module path
	Version string   // its version
	Sum     string   // its checksum, as go.sum has it
	Files   []string // slash-separated, in the module
	Kinds   []string // kinds to take from them
	reduce  func(*reducer, []byte) error
}

// Sources returns what the check knows, Kubernetes first: the others refer to its ObjectMeta.
func Sources() []Source {
	return []Source{{
		Output: "kubernetes.json", Module: "k8s.io/kubernetes", Version: "v1.37.2",
		Sum: "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=",
		Files: []string{
			"api/openapi-spec/v3/api__v1_openapi.json",
			"api/openapi-spec/v3/apis__apps__v1_openapi.json",
			"api/openapi-spec/v3/apis__autoscaling__v2_openapi.json",
			"api/openapi-spec/v3/apis__networking.k8s.io__v1_openapi.json",
			"api/openapi-spec/v3/apis__policy__v1_openapi.json",
		},
		Kinds: []string{
			"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PersistentVolumeClaim",
			"PodDisruptionBudget", "Service",
		},
		reduce: (*reducer).openAPI,
	}, {
		Output: "kserve.json", Module: "github.com/kserve/kserve", Version: "v0.20.0",
		Sum: "h1:Bs7HxmGV4KFqqptDcWseKv+mwD4YOYHJWcuVgPG2Gug=",
		Files: []string{
			"config/crd/full/serving.kserve.io_clusterservingruntimes.yaml",
			"config/crd/full/serving.kserve.io_inferenceservices.yaml",
		},
		Kinds:  []string{"ClusterServingRuntime", "InferenceService"},
		reduce: (*reducer).definitions,
	}, {
		Output: "prometheus-operator.json", Module: "github.com/prometheus-operator/prometheus-operator", Version: "v0.85.0",
		Sum:    "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
		Files:  []string{"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"},
		Kinds:  []string{"PodMonitor"},
		reduce: (*reducer).definitions,
	}}
}

// Build returns the reduced schemas of a source as the text of its output file. Settings of env ("GOPROXY=off") are
// added to the go command's environment.
func (s Source) Build(env ...string) ([]byte, error) {
	dir, err := s.fetch(env)
	if err != nil {
		return nil, err
	}
	r := newReducer(s.Kinds)
	for _, name := range s.Files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSource, err)
		}
		if err := s.reduce(r, data); err != nil {
			return nil, fmt.Errorf("%s %s: %s: %w", s.Module, s.Version, name, err)
		}
	}
	for _, kind := range s.Kinds {
		if !r.found[kind] {
			return nil, fmt.Errorf("%w: %s %s: no %s", ErrSchema, s.Module, s.Version, kind)
		}
	}
	return r.encode(s)
}

// fetch returns the folder of the module in the module cache.
func (s Source) fetch(env []string) (string, error) {
	temp, err := os.MkdirTemp("", "published")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSource, err)
	}
	defer os.RemoveAll(temp)
	c := exec.Command("go", "mod", "download", "-json", s.Module+"@"+s.Version)
	c.Dir = temp // outside of any module, so that no go.sum is written to
	c.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	out, runErr := c.Output()
	var module struct{ Dir, Sum, Error string }
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&module); err != nil {
		return "", fmt.Errorf("%w: %s@%s: %w", ErrSource, s.Module, s.Version, errors.Join(runErr, err))
	}
	if module.Error != "" {
		return "", fmt.Errorf("%w: %s", ErrSource, module.Error)
	}
	if module.Sum != s.Sum {
		return "", fmt.Errorf("%w: %s@%s: checksum %s, pinned %s", ErrSource, s.Module, s.Version, module.Sum, s.Sum)
	}
	return module.Dir, nil
}
