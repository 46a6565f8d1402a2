package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// TestEvalCounts classifies whole data sets and compares the number of right answers with what the reference runtimes reach
// (MANIFEST.md), within a few pictures on either side; for the embedded model, with what it scored when it was made.
func TestEvalCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("classifies some thousand pictures")
	}
	dir := testkit.Data(t)
	const cifar, imagenet = "cifar10/test_5000.bin", "imagenet"
	for _, c := range []struct {
		model, data, preset string
		want, within        int
		integer             bool
	}{
		{"cifar10_resnet20_qdq_int8.onnx", cifar, "cifar10", 4151, 8, true},
		{"cifar10_resnet56_qdq_int8.onnx", cifar, "cifar10", 4259, 8, true},
		{"cifar10_resnet20_qdq_w4a8.onnx", cifar, "cifar10", 3869, 15, true},
		{"mobilenet_v2_1.0_224_qoperator.onnx", imagenet, "torchvision", 338, 6, true},
		{"mobilenetv2-12-qdq.onnx", imagenet, "torchvision", 395, 8, true},
		{"mobilenet_v2_dynamic_int8.onnx", imagenet, "torchvision", 397, 6, true},
		{"mobilenet_v2_1.0_224_uint8.tflite", imagenet, "raw", 435, 6, true},
		{"tf2_mobilenet_v2_1.0_224_int8.tflite", imagenet, "raw", 429, 6, true},
		{"mobilenet_v3_small_hybrid_w8.tflite", imagenet, "raw", 389, 6, false},
		{"squeezenet_fp16.onnx", imagenet, "caffe", 295, 4, false},
		{"mobilenet_v1_0.25_224_fp32.onnx", imagenet, "tf", 275, 3, false},
		{"tiny_darknet_fp32.onnx", imagenet, "unit", 323, 3, false},
		{"cifar10", cifar, "cifar10", 4282, 0, true},
	} {
		t.Run(c.model, func(t *testing.T) {
			model := c.model
			if _, ok := findSample(model); !ok {
				model = filepath.Join(dir, "models", model)
			}
			args := []string{"eval", model, "--data", filepath.Join(dir, c.data), "--preset", c.preset, "--json"}
			if c.integer {
				args = append(args, "--require-int8")
			}
			var out, errs bytes.Buffer
			if status := run(args, nil, &out, &errs); status != 0 {
				t.Fatalf("status %d: %s", status, errs.String())
			}
			var e evaluation
			if err := json.Unmarshal(out.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d of %d, macro-F1 %.4f", e.Top1, e.Pictures, e.MacroF1)
			if e.Top1 < c.want-c.within || e.Top1 > c.want+c.within {
				t.Errorf("top-1 %d of %d: want %d within %d", e.Top1, e.Pictures, c.want, c.within)
			}
		})
	}
}
