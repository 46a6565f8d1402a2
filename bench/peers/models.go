package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defaultModels are the names used where -models is not given: real models of the test data.
const defaultModels = "mobilenet_v2_1.0_224_qoperator,mobilenetv2-12-qdq,cifar10_resnet20_qdq_int8,squeezenet1.1_qdq_u8s8,cifar10_resnet56_qdq_int8"

// resolveModels turns files, folders (all their .onnx files) and names of models in the data folder into paths, in order.
func resolveModels(names []string, data string) ([]string, error) {
	var out []string
	for _, name := range names {
		inData := filepath.Join(data, "models", name+".onnx")
		info, err := os.Stat(name)
		switch {
		case err == nil && info.IsDir():
			files, err := filepath.Glob(filepath.Join(escapeGlob(name), "*.onnx"))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if len(files) == 0 {
				return nil, fmt.Errorf("%s: no .onnx files", name)
			}
			slices.Sort(files)
			out = append(out, files...)
		case err == nil:
			out = append(out, name)
		case strings.ContainsRune(name, os.PathSeparator) || strings.HasSuffix(name, ".onnx"):
			return nil, err
		default:
			if _, err := os.Stat(inData); err != nil {
				return nil, fmt.Errorf("model %s: neither a file nor %s; OCTET_DATA names the data folder", name, inData)
			}
			out = append(out, inData)
		}
	}
	return out, nil
}

// isTFLite reports whether a path is that of a model for TensorFlow Lite.
func isTFLite(path string) bool { return strings.HasSuffix(path, ".tflite") }

// escapeGlob makes a path match itself as a pattern of filepath.Glob.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// dataFolder returns OCTET_DATA, or the folder beside the repository where the working directory is the repository.
func dataFolder() string {
	if dir := os.Getenv("OCTET_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared", "data")
}

// modelName returns the name that reports give a model file.
func modelName(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".onnx"), ".tflite")
}
