package published

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// refPrefix begins a $ref in Kubernetes' OpenAPI.
const refPrefix = "#/components/schemas/"

// objectMeta is the definition of metadata, as the files beside kubernetes.json refer to it.
const objectMeta = "kubernetes.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// reducer collects the definitions of one source.
type reducer struct {
	want  map[string]bool
	found map[string]bool
	defs  map[string]any // by name; a kind has the name "apps/v1 Deployment"
}

func newReducer(kinds []string) *reducer {
	return &reducer{want: words(strings.Join(kinds, " ")), found: map[string]bool{}, defs: map[string]any{}}
}

// openAPI adds the wanted kinds of an OpenAPI 3.0 document and all that they refer to.
func (r *reducer) openAPI(data []byte) error {
	var doc struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	var pending []string
	st := style{ref: func(ref string) (string, error) {
		name, ok := strings.CutPrefix(ref, refPrefix)
		if !ok {
			return "", fmt.Errorf("%w: $ref %q", ErrSchema, ref)
		}
		pending = append(pending, name)
		return "#/$defs/" + name, nil
	}}
	for name, schema := range doc.Components.Schemas {
		id, kind := groupVersionKind(schema)
		if !r.want[kind] || strings.HasSuffix(name, "List") {
			continue
		}
		r.found[kind] = true
		pending = append(pending, name)
		r.defs[id] = root(id, map[string]any{"$ref": "#/$defs/" + name})
	}
	done := map[string]bool{}
	for len(pending) > 0 {
		name := pending[0]
		pending = pending[1:]
		if done[name] {
			continue
		}
		done[name] = true
		schema, ok := doc.Components.Schemas[name]
		if !ok {
			return fmt.Errorf("%w: no definition of %s", ErrSchema, name)
		}
		reduced, err := st.convert(schema, false)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if old, ok := r.defs[name]; ok && !reflect.DeepEqual(old, any(reduced)) {
			return fmt.Errorf("%w: %s differs between files", ErrSchema, name)
		}
		r.defs[name] = reduced
	}
	return nil
}

// groupVersionKind returns "apps/v1 Deployment" and "Deployment" of a schema that is one kind's.
func groupVersionKind(schema map[string]any) (id, kind string) {
	list, _ := schema["x-kubernetes-group-version-kind"].([]any)
	if len(list) != 1 {
		return "", ""
	}
	entry := list[0].(map[string]any)
	kind = entry["kind"].(string)
	version := entry["version"].(string)
	if group := entry["group"].(string); group != "" {
		version = group + "/" + version
	}
	return version + " " + kind, kind
}

// root adds what every object must say.
func root(id string, schema map[string]any) map[string]any {
	version, kind, _ := strings.Cut(id, " ")
	return map[string]any{
		"allOf":      []any{schema},
		"type":       "object",
		"properties": map[string]any{"apiVersion": map[string]any{"const": version}, "kind": map[string]any{"const": kind}},
		"required":   []any{"apiVersion", "kind", "metadata"},
	}
}

// definitions adds the served versions of a CustomResourceDefinition.
func (r *reducer) definitions(data []byte) error {
	var doc struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	kind := doc.Spec.Names.Kind
	if !r.want[kind] {
		return fmt.Errorf("%w: kind %s", ErrSchema, kind)
	}
	st := style{closed: true, ref: func(ref string) (string, error) {
		return "", fmt.Errorf("%w: $ref %q in a definition", ErrSchema, ref)
	}}
	for _, v := range doc.Spec.Versions {
		if !v.Served {
			continue
		}
		schema, err := st.convert(v.Schema.OpenAPIV3Schema, false)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		schema["properties"].(map[string]any)["metadata"] = map[string]any{"$ref": objectMeta}
		id := doc.Spec.Group + "/" + v.Name + " " + kind
		r.found[kind] = true
		r.defs[id] = root(id, r.share(schema).(map[string]any))
	}
	return nil
}

// shared is the length in bytes from which a schema of an object is written once and referred to.
const shared = 200

// share moves large object schemas into definitions named by their content: custom resource definitions have no
// references and repeat the whole of a Pod many times.
func (r *reducer) share(node any) any {
	switch n := node.(type) {
	case []any:
		for i := range n {
			n[i] = r.share(n[i])
		}
	case map[string]any:
		for k := range n {
			n[k] = r.share(n[k])
		}
		if n["type"] != "object" {
			return n
		}
		text, err := json.Marshal(n)
		if err != nil || len(text) < shared {
			return n
		}
		sum := sha256.Sum256(text)
		name := hex.EncodeToString(sum[:6])
		r.defs[name] = n
		return map[string]any{"$ref": "#/$defs/" + name}
	}
	return node
}

// encode writes the definitions, one a line in order of their names, so that a new version of a source can be reviewed.
func (r *reducer) encode(s Source) ([]byte, error) {
	var b bytes.Buffer
	comment := fmt.Sprintf("Reduced by deploy/check/generate from %s %s (%s); do not edit.", s.Module, s.Version, strings.Join(s.Files, ", "))
	head, err := json.Marshal(comment)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\n\"$comment\": %s,\n\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n\"$defs\": {\n", head)
	var names []string
	for name := range r.defs {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		text, err := json.Marshal(r.defs[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, "%q: %s%s\n", name, text, comma)
	}
	b.WriteString("}\n}\n")
	return b.Bytes(), nil
}
