//go:build cgo

package main

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The functions of TensorFlow Lite's C interface that are used, by the library's names.
typedef struct {
	const char *(*Version)(void);
	void *(*ModelCreateFromFile)(const char *);
	void (*ModelDelete)(void *);
	void *(*OptionsCreate)(void);
	void (*OptionsDelete)(void *);
	void (*OptionsSetNumThreads)(void *, int32_t);
	void (*OptionsAddDelegate)(void *, void *);
	void *(*InterpreterCreate)(const void *, const void *);
	void (*InterpreterDelete)(void *);
	int (*ResizeInputTensor)(void *, int32_t, const int *, int32_t);
	int (*AllocateTensors)(void *);
	int32_t (*InputCount)(const void *);
	int32_t (*OutputCount)(const void *);
	void *(*InputTensor)(const void *, int32_t);
	const void *(*OutputTensor)(const void *, int32_t);
	int (*Invoke)(void *);
	size_t (*ByteSize)(const void *);
	int (*CopyFromBuffer)(void *, const void *, size_t);
	int (*CopyToBuffer)(const void *, void *, size_t);
	void *(*XNNPackCreate)(const void *);
	void (*XNNPackDelete)(void *);
} tfl;

static tfl lite;

// tfl_load opens the library and returns what is missing, or NULL.
static const char *tfl_load(const char *path) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!lib) return dlerror();
	struct { void *to; const char *name; } all[] = {
		{&lite.Version, "TfLiteVersion"}, {&lite.ModelCreateFromFile, "TfLiteModelCreateFromFile"}, {&lite.ModelDelete, "TfLiteModelDelete"},
		{&lite.OptionsCreate, "TfLiteInterpreterOptionsCreate"}, {&lite.OptionsDelete, "TfLiteInterpreterOptionsDelete"},
		{&lite.OptionsSetNumThreads, "TfLiteInterpreterOptionsSetNumThreads"}, {&lite.OptionsAddDelegate, "TfLiteInterpreterOptionsAddDelegate"},
		{&lite.InterpreterCreate, "TfLiteInterpreterCreate"}, {&lite.InterpreterDelete, "TfLiteInterpreterDelete"},
		{&lite.ResizeInputTensor, "TfLiteInterpreterResizeInputTensor"}, {&lite.AllocateTensors, "TfLiteInterpreterAllocateTensors"},
		{&lite.InputCount, "TfLiteInterpreterGetInputTensorCount"}, {&lite.OutputCount, "TfLiteInterpreterGetOutputTensorCount"},
		{&lite.InputTensor, "TfLiteInterpreterGetInputTensor"}, {&lite.OutputTensor, "TfLiteInterpreterGetOutputTensor"},
		{&lite.Invoke, "TfLiteInterpreterInvoke"}, {&lite.ByteSize, "TfLiteTensorByteSize"},
		{&lite.CopyFromBuffer, "TfLiteTensorCopyFromBuffer"}, {&lite.CopyToBuffer, "TfLiteTensorCopyToBuffer"},
		{&lite.XNNPackCreate, "TfLiteXNNPackDelegateCreate"}, {&lite.XNNPackDelete, "TfLiteXNNPackDelegateDelete"},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		void *f = dlsym(lib, all[i].name);
		if (!f) return all[i].name;
		memcpy(all[i].to, &f, sizeof f);
	}
	return NULL;
}

static const char *tfl_version(void) { return lite.Version(); }
static void *tfl_model(const char *path) { return lite.ModelCreateFromFile(path); }
static void tfl_model_delete(void *m) { lite.ModelDelete(m); }

// tfl_delegate makes an XNNPACK delegate: the number of threads and the flags of 8-bit operators come first in its options, in
// every version; what follows is 0.
static void *tfl_delegate(int32_t threads) {
	int32_t options[32] = {threads, 3};
	return lite.XNNPackCreate(options);
}
static void tfl_delegate_delete(void *d) { lite.XNNPackDelete(d); }

static void *tfl_interpreter(void *model, int32_t threads, void *delegate) {
	void *o = lite.OptionsCreate();
	lite.OptionsSetNumThreads(o, threads);
	if (delegate) lite.OptionsAddDelegate(o, delegate);
	void *i = lite.InterpreterCreate(model, o);
	lite.OptionsDelete(o);
	return i;
}
static void tfl_interpreter_delete(void *i) { lite.InterpreterDelete(i); }
static int tfl_resize(void *i, int32_t n, const int *dims, int32_t rank) { return lite.ResizeInputTensor(i, n, dims, rank); }
static int tfl_allocate(void *i) { return lite.AllocateTensors(i); }
static int32_t tfl_inputs(void *i) { return lite.InputCount(i); }
static int32_t tfl_outputs(void *i) { return lite.OutputCount(i); }
static int tfl_write(void *i, int32_t n, const void *data, size_t size) { return lite.CopyFromBuffer(lite.InputTensor(i, n), data, size); }
static size_t tfl_size(void *i, int32_t n) { return lite.ByteSize(lite.OutputTensor(i, n)); }
static int tfl_read(void *i, int32_t n, void *data, size_t size) { return lite.CopyToBuffer(lite.OutputTensor(i, n), data, size); }
static int tfl_invoke(void *i) { return lite.Invoke(i); }
*/
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// tfLite is TensorFlow Lite with its XNNPACK delegate, 8-bit operators included, as an engine.
type tfLite struct {
	job    *job
	loaded tfLiteModel
}

// tfLiteModel is a model that is loaded.
type tfLiteModel struct{ model, delegate, interpreter unsafe.Pointer }

// newTFLite opens the shared library.
func newTFLite(lib string) (engine, error) {
	path := C.CString(lib)
	defer C.free(unsafe.Pointer(path))
	if missing := C.tfl_load(path); missing != nil {
		return nil, fmt.Errorf("tensorflow lite library %s: %s", lib, C.GoString(missing))
	}
	return new(tfLite), nil
}

func (t *tfLite) open(j *job) (facts, time.Duration, error) {
	t.job = j
	begin := time.Now()
	m, err := t.create()
	took := time.Since(begin)
	if err != nil {
		return facts{}, 0, err
	}
	t.loaded = m
	if in, out := int(C.tfl_inputs(m.interpreter)), int(C.tfl_outputs(m.interpreter)); in != len(j.Inputs) || out != len(j.Outputs) {
		return facts{}, 0, fmt.Errorf("%d inputs and %d outputs, want %d and %d", in, out, len(j.Inputs), len(j.Outputs))
	}
	for i := range j.Inputs {
		data, err := inputData(&j.Inputs[i], i)
		if err != nil {
			return facts{}, 0, err
		}
		if C.tfl_write(m.interpreter, C.int32_t(i), unsafe.Pointer(&data[0]), C.size_t(len(data))) != 0 {
			return facts{}, 0, fmt.Errorf("input %q: %d bytes do not fit", j.Inputs[i].Name, len(data))
		}
	}
	name := "TensorFlow Lite " + C.GoString(C.tfl_version())
	if m.delegate != nil {
		name += " with XNNPACK"
	}
	return facts{Engine: name}, took, nil
}

// create loads the job's model at its batch size.
func (t *tfLite) create() (m tfLiteModel, err error) {
	path := C.CString(t.job.Model)
	defer C.free(unsafe.Pointer(path))
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if m.model = C.tfl_model(path); m.model == nil {
		return m, fmt.Errorf("%s: no model", t.job.Model)
	}
	m.delegate = C.tfl_delegate(C.int32_t(t.job.Threads))
	if m.interpreter = C.tfl_interpreter(m.model, C.int32_t(t.job.Threads), m.delegate); m.interpreter == nil {
		C.tfl_delegate_delete(m.delegate) // it refuses some models whole
		m.delegate = nil
		m.interpreter = C.tfl_interpreter(m.model, C.int32_t(t.job.Threads), nil)
	}
	if m.interpreter == nil {
		return m, fmt.Errorf("%s: no interpreter", t.job.Model)
	}
	for i, in := range t.job.Inputs {
		dims := make([]C.int, len(in.Shape))
		for k, d := range in.Shape {
			dims[k] = C.int(d)
		}
		if C.tfl_resize(m.interpreter, C.int32_t(i), &dims[0], C.int32_t(len(dims))) != 0 {
			return m, fmt.Errorf("input %q: cannot have shape %v", in.Name, in.Shape)
		}
	}
	if C.tfl_allocate(m.interpreter) != 0 {
		return m, fmt.Errorf("%s: tensors cannot be allocated", t.job.Model)
	}
	return m, nil
}

func (m *tfLiteModel) close() {
	if m.interpreter != nil {
		C.tfl_interpreter_delete(m.interpreter)
	}
	if m.delegate != nil {
		C.tfl_delegate_delete(m.delegate)
	}
	if m.model != nil {
		C.tfl_model_delete(m.model)
	}
}

func (t *tfLite) run() error {
	if C.tfl_invoke(t.loaded.interpreter) != 0 {
		return errors.New("the interpreter fails")
	}
	return nil
}

func (t *tfLite) outputs() [][]byte {
	var out [][]byte
	for i := range t.job.Outputs {
		data := make([]byte, int(C.tfl_size(t.loaded.interpreter, C.int32_t(i))))
		if len(data) > 0 {
			C.tfl_read(t.loaded.interpreter, C.int32_t(i), unsafe.Pointer(&data[0]), C.size_t(len(data)))
		}
		out = append(out, data)
	}
	return out
}

func (t *tfLite) load() (time.Duration, error) {
	begin := time.Now()
	m, err := t.create()
	took := time.Since(begin)
	if err != nil {
		return 0, err
	}
	m.close()
	return took, nil
}
