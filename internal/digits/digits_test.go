package digits

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields returns the values of every length-delimited field number want of a protobuf message.
func fields(t *testing.T, message []byte, want protowire.Number) [][]byte {
	t.Helper()
	var found [][]byte
	for len(message) > 0 {
		number, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			t.Fatalf("tag: %v", protowire.ParseError(n))
		}
		message = message[n:]
		n = protowire.ConsumeFieldValue(number, typ, message)
		if n < 0 {
			t.Fatalf("field %d: %v", number, protowire.ParseError(n))
		}
		if number == want && typ == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			found = append(found, value)
		}
		message = message[n:]
	}
	return found
}

func TestModelIsASmallONNXFile(t *testing.T) {
	data := Model()
	if len(data) < 5<<10 || len(data) > 40<<10 {
		t.Errorf("model has %d bytes, want 5 to 40 KiB", len(data))
	}
	if producer := fields(t, data, 2); len(producer) != 1 || string(producer[0]) != "octet" {
		t.Errorf("producer %q, want octet", producer)
	}
	graph := fields(t, data, 7)
	if len(graph) != 1 {
		t.Fatalf("%d graphs, want 1", len(graph))
	}
	ops := map[string]int{}
	for _, node := range fields(t, graph[0], 1) {
		for _, op := range fields(t, node, 4) {
			ops[string(op)]++
		}
	}
	for op, want := range map[string]int{"Conv": 2, "MaxPool": 2, "Gemm": 1, "Softmax": 1, "QuantizeLinear": 3} {
		if ops[op] != want {
			t.Errorf("%d nodes %s, want %d", ops[op], op, want)
		}
	}
	for number, want := range map[protowire.Number]string{11: "image", 12: "probabilities"} {
		values := fields(t, graph[0], number)
		if len(values) != 1 || string(bytes.Join(fields(t, values[0], 1), nil)) != want {
			t.Errorf("graph field %d: want the one value %s", number, want)
		}
	}
}

func TestModelCarriesItsMetadata(t *testing.T) {
	var keys []string
	for _, entry := range fields(t, Model(), 14) {
		keys = append(keys, string(bytes.Join(fields(t, entry, 1), nil)))
		if value := bytes.Join(fields(t, entry, 2), nil); !strings.HasPrefix(string(value), "{") {
			t.Errorf("%s: %q is no JSON object", keys[len(keys)-1], value)
		}
	}
	if want := []string{"octet.accuracy", "octet.vision"}; !slices.Equal(keys, want) {
		t.Errorf("metadata keys %v, want %v", keys, want)
	}
}

func TestPicturesAreSmallGreyPNGs(t *testing.T) {
	files := map[string][]byte{"embedded": Picture()}
	for _, name := range []string{"3.png", "7.png", "8.png"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for name, data := range files {
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(data) > 4<<10 || img.Bounds() != image.Rect(0, 0, 140, 140) || img.ColorModel() != color.GrayModel {
			t.Errorf("%s: %d bytes, bounds %v, want a grey picture of 140 x 140 in at most 4 KiB", name, len(data), img.Bounds())
		}
		corner, _, _, _ := img.At(0, 0).RGBA()
		if corner != 0 {
			t.Errorf("%s: corner is %d, want black", name, corner)
		}
	}
}

func TestLabelsAreTheDigits(t *testing.T) {
	if got, want := Labels(), strings.Split("0123456789", ""); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsReturnedIsACopy(t *testing.T) {
	for name, get := range map[string]func() []byte{"model": Model, "picture": Picture} {
		get()[0] ^= 0xff
		if a, b := get(), get(); &a[0] == &b[0] || a[0] != b[0] {
			t.Errorf("%s: shared between callers", name)
		}
	}
	Labels()[0] = "x"
	if Labels()[0] != "0" {
		t.Error("labels: shared between callers")
	}
}
