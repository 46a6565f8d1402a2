package generate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// literal returns a Preprocess as Go source, one field a line, without the labels.
func literal(p vision.Preprocess) string {
	var b strings.Builder
	b.WriteString("vision.Preprocess{\n")
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch value := field.Interface().(type) {
		case vision.Labels:
			continue
		case vision.Filter:
			if text := value.String(); value != 0 {
				fmt.Fprintf(&b, "%s: vision.%s,\n", name, strings.ToUpper(text[:1])+text[1:])
			}
		default:
			if !field.IsZero() {
				fmt.Fprintf(&b, "%s: %#v,\n", name, value)
			}
		}
	}
	b.WriteString("}")
	return b.String()
}
