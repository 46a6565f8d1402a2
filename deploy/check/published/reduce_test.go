package published

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestConvert(t *testing.T) {
	refs := func(ref string) (string, error) { return "new" + ref, nil }
	for _, c := range []struct {
		name, in, want string
		closed         bool
	}{
		{name: "descriptions_go", in: `{"type":"string","description":"x","default":"y","pattern":"^a$"}`, want: `{"pattern":"^a$","type":"string"}`},
		{name: "fields_close_an_object", in: `{"type":"object","properties":{"description":{"type":"string"}}}`,
			want: `{"additionalProperties":false,"properties":{"description":{"type":"string"}},"type":"object"}`},
		{name: "a_map_stays_open", in: `{"type":"object","additionalProperties":{"type":"string","format":"byte"}}`,
			want: `{"additionalProperties":{"type":"string"},"type":"object"}`},
		{name: "no_fields_in_openapi", in: `{"type":"object"}`, want: `{"type":"object"}`},
		{name: "no_fields_in_a_definition", in: `{"type":"object"}`, want: `{"additionalProperties":false,"type":"object"}`, closed: true},
		{name: "unknown_fields_kept", in: `{"type":"object","x-kubernetes-preserve-unknown-fields":true}`, want: `{"type":"object"}`, closed: true},
		{name: "int32", in: `{"type":"integer","format":"int32","minimum":1}`, want: `{"maximum":2147483647,"minimum":1,"type":"integer"}`},
		{name: "nullable", in: `{"type":"string","nullable":true}`, want: `{"type":["string","null"]}`},
		{name: "allOf_around_one_reference", in: `{"allOf":[{"$ref":"#a"}],"description":"x"}`, want: `{"$ref":"new#a"}`},
		{name: "branches_do_not_close", in: `{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}}]}`,
			want: `{"anyOf":[{"properties":{"a":{"type":"string"}},"type":"object"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := style{ref: refs, closed: c.closed}.convert(parse(t, c.in), false)
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := json.Marshal(got); string(text) != c.want {
				t.Errorf("got %s, want %s", text, c.want)
			}
		})
	}
}

func TestUnknownKeywordsAreRefused(t *testing.T) {
	for _, in := range []string{`{"contains":{}}`, `{"properties":{"a":{"items":{"x-kubernetes-new":1}}}}`, `{"allOf":[{"const":1}]}`} {
		if _, err := (style{}).convert(parse(t, in), false); !errors.Is(err, ErrSchema) {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
