package check

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	kustomization = "kustomization.yaml"
	adapterFile   = "kubernetes/monitoring/prometheus-adapter-values.yaml" // values of a chart, not objects
	kserveDir     = "kserve"
)

// Tree returns what is wrong with the manifests of a folder with the layout of deploy: nothing for a sound one. Each file
// is held against its schemas, then each kustomization is built, and what it makes is held against them once more, as
// patches may break what is sound alone, and judged as a whole.
func Tree(fsys fs.FS, schemas *Schemas) []error {
	files, err := yamlFiles(fsys)
	if err != nil {
		return []error{fmt.Errorf("%w: %w", ErrManifest, err)}
	}
	var errs []error
	var services []Object // KServe's, which no kustomization applies
	for _, name := range files.names {
		if path.Base(name) == kustomization {
			continue
		}
		if name == adapterFile {
			errs = append(errs, checkAdapter(name, files.data[name])...)
			continue
		}
		objects, err := Read(name, files.data[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, o := range objects {
			errs = append(errs, schemas.Validate(o)...)
			if o.Kind == "InferenceService" {
				services = append(services, o)
			}
		}
	}
	for _, name := range files.names {
		if path.Base(name) != kustomization {
			continue
		}
		dir := path.Dir(name)
		objects, err := files.build(dir)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, o := range objects {
			errs = append(errs, schemas.Validate(o)...)
		}
		if dir == kserveDir {
			errs = append(errs, checkKServe(slices.Concat(objects, services))...)
		} else {
			errs = append(errs, checkSet(objects)...)
		}
	}
	return errs
}

// manifests are the YAML files of a tree.
type manifests struct {
	names []string // in order
	data  map[string][]byte
}

func yamlFiles(fsys fs.FS) (*manifests, error) {
	out := &manifests{data: map[string][]byte{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		out.names, out.data[name] = append(out.names, name), data
		return err
	})
	return out, err
}

// build runs kustomize on a folder of the tree.
func (m *manifests) build(dir string) ([]Object, error) {
	memory := filesys.MakeFsInMemory()
	for name, data := range m.data {
		if err := memory.WriteFile("/"+name, data); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrManifest, name, err)
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(memory, "/"+dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrManifest, dir, err)
	}
	return built(dir, resources)
}
