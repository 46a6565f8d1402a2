package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/octet-ml/octet/serve/inference"
)

// The official files with the service.
const (
	protocol = "open_inference_grpc.proto"
	triton   = "grpc_service.proto"
)

// compile compiles an official file.
func compile(t *testing.T, name string) protoreflect.FileDescriptor {
	t.Helper()
	folder := os.Getenv("OCTET_PROTO")
	if folder == "" {
		t.Skip("OCTET_PROTO does not name a folder with the official .proto files")
	}
	if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{folder}}}
	files, err := compiler.Compile(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// Every message, field, enum value and call of ours is the same in the official file, as far as that has it, and every call of the file
// is ours but those that are left out on purpose.
func TestOurFileIsCompatible(t *testing.T) {
	for _, name := range []string{protocol, triton} {
		t.Run(name, func(t *testing.T) {
			theirs := compile(t, name)
			c := &comparison{T: t}
			messages := theirs.Messages()
			for i := range messages.Len() {
				c.message(messages.Get(i))
			}
			for i := range theirs.Imports().Len() {
				imported := theirs.Imports().Get(i).Messages()
				for k := range imported.Len() {
					c.message(imported.Get(k))
				}
			}
			methods := theirs.Services().Get(0).Methods()
			ours := inference.File_serve_inference_inference_proto.Services().Get(0)
			if ours.FullName() != theirs.Services().Get(0).FullName() {
				t.Errorf("service %s, want %s", ours.FullName(), theirs.Services().Get(0).FullName())
			}
			for i := range methods.Len() {
				c.method(ours.Methods().ByName(methods.Get(i).Name()), methods.Get(i))
			}
			if c.fields < 50 || c.methods < 6 {
				t.Errorf("only %d fields and %d calls were compared", c.fields, c.methods)
			}
			t.Logf("%d fields, %d enum values, %d calls are the same", c.fields, c.values, c.methods)
		})
	}
}

// comparison counts what was compared.
type comparison struct {
	*testing.T
	fields, values, methods int
}

// message compares a message of an official file with ours of the same name.
func (c *comparison) message(theirs protoreflect.MessageDescriptor) {
	if ours := inference.File_serve_inference_inference_proto.Messages().ByName(theirs.Name()); ours != nil {
		c.compare(ours, theirs)
	}
}

// compare compares messages by our fields. Fields that we lack are unknown fields to us.
func (c *comparison) compare(ours, theirs protoreflect.MessageDescriptor) {
	for i := range ours.Fields().Len() {
		o := ours.Fields().Get(i)
		f := theirs.Fields().ByNumber(o.Number())
		if f == nil && o.FullName() == "inference.ModelMetadataResponse.properties" {
			continue // in one of the official files only
		}
		if f == nil || f.Name() != o.Name() || f.Kind() != o.Kind() || f.Cardinality() != o.Cardinality() || f.IsPacked() != o.IsPacked() || f.IsMap() != o.IsMap() {
			c.Errorf("ours has %v, the official file %v", o, f)
			continue
		}
		if (o.ContainingOneof() == nil) != (f.ContainingOneof() == nil) || o.ContainingOneof() != nil && o.ContainingOneof().Name() != f.ContainingOneof().Name() {
			c.Errorf("%s: in another oneof", o.FullName())
		}
		c.fields++
		switch {
		case o.IsMap():
			c.compare(o.Message(), f.Message())
		case o.Message() != nil:
			if o.Message().FullName() != f.Message().FullName() {
				c.Errorf("%s: type %s, want %s", o.FullName(), o.Message().FullName(), f.Message().FullName())
			}
		case o.Enum() != nil:
			for k := range o.Enum().Values().Len() {
				value := o.Enum().Values().Get(k)
				if same := f.Enum().Values().ByNumber(value.Number()); same == nil || same.Name() != value.Name() {
					c.Errorf("%s = %d: the official file has %v", value.FullName(), value.Number(), same)
				}
				c.values++
			}
		}
	}
	for i := range ours.Messages().Len() {
		nested := ours.Messages().Get(i)
		if same := theirs.Messages().ByName(nested.Name()); same != nil {
			c.compare(nested, same)
		} else {
			c.Logf("%s is not in the official file", nested.FullName())
		}
	}
}

// left are the calls of Triton that are not served.
var left = map[protoreflect.Name]bool{
	"SystemSharedMemoryStatus": true, "SystemSharedMemoryRegister": true, "SystemSharedMemoryUnregister": true,
	"CudaSharedMemoryStatus": true, "CudaSharedMemoryRegister": true, "CudaSharedMemoryUnregister": true,
	"TraceSetting": true, "LogSettings": true,
}

// method compares a call.
func (c *comparison) method(ours, theirs protoreflect.MethodDescriptor) {
	switch {
	case left[theirs.Name()]:
	case ours == nil:
		c.Errorf("%s is not served", theirs.FullName())
	case ours.Input().FullName() != theirs.Input().FullName() || ours.Output().FullName() != theirs.Output().FullName() ||
		ours.IsStreamingClient() != theirs.IsStreamingClient() || ours.IsStreamingServer() != theirs.IsStreamingServer():
		c.Errorf("ours is %v, the official file has %v", ours, theirs)
	default:
		c.methods++
	}
}
