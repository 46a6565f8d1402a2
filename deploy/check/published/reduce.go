package published

import (
	"fmt"
	"math"
	"strings"
)

// kept are the keywords that mean the same in OpenAPI 3.0 and in JSON Schema and whose values are not schemas.
var kept = words("type required enum pattern minimum maximum minLength maxLength minItems maxItems uniqueItems minProperties maxProperties")

// dropped say nothing about which documents are valid, or are rules that the check leaves to the API server.
var dropped = words("description default title example externalDocs x-kubernetes-group-version-kind " +
	"x-kubernetes-patch-strategy x-kubernetes-patch-merge-key x-kubernetes-list-type x-kubernetes-list-map-keys " +
	"x-kubernetes-map-type x-kubernetes-unions x-kubernetes-validations x-kubernetes-int-or-string")

// ranges are the bounds of the integer formats; every other format is left to the typed decoding.
var ranges = map[string][2]float64{"int32": {math.MinInt32, math.MaxInt32}}

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// style says how a source writes schemas.
type style struct {
	ref    func(string) (string, error) // the new target of a $ref
	closed bool                         // an object without fields has none, as in a definition, where the API server prunes
}

// convert returns a schema in JSON Schema. Where inCombinator, the schema only adds conditions to its parent and so does
// not refuse the parent's fields.
func (st style) convert(schema map[string]any, inCombinator bool) (map[string]any, error) {
	out := map[string]any{}
	for key, value := range schema {
		if dropped[key] {
			continue
		}
		if kept[key] {
			out[key] = value
			continue
		}
		if err := st.keyword(out, key, value); err != nil {
			return nil, err
		}
	}
	_, open := schema["additionalProperties"]
	fields, _ := schema["properties"].(map[string]any)
	free, _ := schema["x-kubernetes-preserve-unknown-fields"].(bool)
	if schema["type"] == "object" && !open && !free && !inCombinator && (st.closed || fields != nil) {
		out["additionalProperties"] = false
	}
	if null, _ := schema["nullable"].(bool); null && out["type"] != nil {
		out["type"] = []any{out["type"], "null"}
	}
	if all, ok := out["allOf"].([]any); ok && len(all) == 1 && len(out) == 1 {
		return all[0].(map[string]any), nil
	}
	return out, nil
}

// keyword converts one keyword whose value needs it.
func (st style) keyword(out map[string]any, key string, value any) error {
	switch key {
	case "nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource":
		return nil // convert reads the first two; the third comes with one of them
	case "$ref":
		target, err := st.ref(value.(string))
		out[key] = target
		return err
	case "format":
		if r, ok := ranges[value.(string)]; ok {
			setDefault(out, "minimum", r[0])
			setDefault(out, "maximum", r[1])
		}
		return nil
	case "items", "not", "additionalProperties":
		s, ok := value.(map[string]any)
		if !ok {
			out[key] = value
			return nil
		}
		converted, err := st.convert(s, key == "not")
		out[key] = converted
		return err
	case "properties":
		fields := map[string]any{}
		for name, field := range value.(map[string]any) {
			s, err := st.convert(field.(map[string]any), false)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fields[name] = s
		}
		out[key] = fields
		return nil
	case "allOf", "anyOf", "oneOf":
		var list []any
		for _, branch := range value.([]any) {
			s, err := st.convert(branch.(map[string]any), true)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		out[key] = list
		return nil
	}
	return fmt.Errorf("%w: keyword %q", ErrSchema, key)
}

// setDefault keeps the narrower bound that a schema gives beside its format.
func setDefault(out map[string]any, key string, value any) {
	if _, ok := out[key]; !ok {
		out[key] = value
	}
}
