package check

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed schemas/*.json
var schemaFiles embed.FS

// Schemas are the published schemas by kind. Safe for concurrent use.
type Schemas struct{ byID map[string]*jsonschema.Schema }

// LoadSchemas compiles the schemas of the folder schemas.
func LoadSchemas() (*Schemas, error) {
	names, err := fs.Glob(schemaFiles, "schemas/*.json")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	c := jsonschema.NewCompiler()
	var urls []string
	for _, name := range names {
		data, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSchema, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSchema, name, err)
		}
		base := "https://octet/" + name // the files refer to each other by relative addresses
		if err := c.AddResource(base, doc); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSchema, name, err)
		}
		for id := range doc.(map[string]any)["$defs"].(map[string]any) {
			if strings.Contains(id, " ") {
				urls = append(urls, base+"#/$defs/"+strings.NewReplacer("/", "~1", " ", "%20").Replace(id))
			}
		}
	}
	out := &Schemas{byID: map[string]*jsonschema.Schema{}}
	for _, url := range urls {
		s, err := c.Compile(url)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSchema, url, err)
		}
		id := url[strings.LastIndex(url, "/")+1:]
		out.byID[strings.NewReplacer("~1", "/", "%20", " ").Replace(id)] = s
	}
	return out, nil
}

// Validate returns an error for each place where the object is not what its schema says.
func (s *Schemas) Validate(o Object) []error {
	schema, ok := s.byID[o.ID()]
	if !ok {
		return []error{fmt.Errorf("%w: %s: no schema of %s", ErrSchema, o.Where, o.ID())}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(o.JSON))
	if err != nil {
		return []error{fmt.Errorf("%w: %s: %w", ErrSchema, o.Where, err)}
	}
	err = schema.Validate(doc)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []error{fmt.Errorf("%w: %s: %w", ErrSchema, o.Where, err)}
	}
	return faultsOf(o, invalid, nil)
}

// faultsOf appends what lies at the leaves of an error: where, and what is expected there.
func faultsOf(o Object, e *jsonschema.ValidationError, out []error) []error {
	if len(e.Causes) == 0 {
		what := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		return append(out, fmt.Errorf("%w: %s: /%s: %s", ErrSchema, o.Where, strings.Join(e.InstanceLocation, "/"), what))
	}
	for _, cause := range e.Causes {
		out = faultsOf(o, cause, out)
	}
	return out
}
