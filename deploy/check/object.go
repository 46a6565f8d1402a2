package check

import (
	"bytes"
	"encoding/json"
	"fmt"

	sigsjson "sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/yaml"
)

// Object is one object of a manifest.
type Object struct {
	Where      string // file or folder, and the object's kind and name, for messages
	APIVersion string
	Kind       string
	Name       string
	Namespace  string
	JSON       []byte
}

// ID returns what a schema is found by: "apps/v1 Deployment".
func (o Object) ID() string { return o.APIVersion + " " + o.Kind }

// Read returns the objects of a YAML file with any number of documents. A key that stands twice is an error.
func Read(file string, data []byte) ([]Object, error) {
	var out []Object
	for i, doc := range bytes.Split(data, []byte("\n---\n")) {
		text, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: document %d: %w", ErrManifest, file, i+1, err)
		}
		o, err := newObject(file, text)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// built returns the objects of a kustomization that has been built.
func built(dir string, m resmap.ResMap) ([]Object, error) {
	var out []Object
	for _, r := range m.Resources() {
		text, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrManifest, dir, err)
		}
		o, err := newObject(dir, text)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func newObject(where string, text []byte) (Object, error) {
	var head struct {
		APIVersion string
		Kind       string
		Metadata   struct{ Name, Namespace string }
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return Object{}, fmt.Errorf("%w: %s: %w", ErrManifest, where, err)
	}
	if head.Kind == "" || head.Metadata.Name == "" {
		return Object{}, fmt.Errorf("%w: %s: want kind and metadata.name, got %q and %q", ErrManifest, where, head.Kind, head.Metadata.Name)
	}
	return Object{
		Where: fmt.Sprintf("%s: %s %s", where, head.Kind, head.Metadata.Name), APIVersion: head.APIVersion, Kind: head.Kind,
		Name: head.Metadata.Name, Namespace: head.Metadata.Namespace, JSON: text,
	}, nil
}

// decode returns the object as the Go type of its kind, by the rules of the API server: case counts, unknown and repeated
// fields are errors, quantities are parsed.
func decode[T any](o Object) (*T, error) {
	out := new(T)
	strict, err := sigsjson.UnmarshalStrict(o.JSON, out)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSchema, o.Where, err)
	}
	return out, nil
}

// part returns the field at a path of the object as a Go type that need not have all of its fields.
func part[T any](o Object, path ...string) (*T, error) {
	text := json.RawMessage(o.JSON)
	for _, name := range path {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("%w: %s: %s: %w", ErrSchema, o.Where, name, err)
		}
		text = fields[name]
		if text == nil {
			return nil, fmt.Errorf("%w: %s: no %s", ErrSchema, o.Where, name)
		}
	}
	out := new(T)
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("%w: %s: %v: %w", ErrSchema, o.Where, path, err)
	}
	return out, nil
}
