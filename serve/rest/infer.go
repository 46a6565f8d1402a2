package rest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/octet-ml/octet/serve/oip"
)

// lengthHeader is the length of the JSON before binary data, in requests and responses: the binary data extension.
const lengthHeader = "Inference-Header-Content-Length"

// infer answers POST .../infer.
func (f *face) infer(w http.ResponseWriter, r *http.Request) error {
	model, version := r.PathValue("model"), r.PathValue("version")
	if err := f.service.Admit(r.Context(), model, version); err != nil {
		return err
	}
	body, release, err := Body(w, r, f.options.MaxBody, f.service.Budget())
	if err != nil {
		return err
	}
	defer release()
	m := &scratch{budget: f.service.Budget()}
	defer m.release()
	req := &oip.Request{Model: model, Version: version}
	d, err := f.request(r, body, req, m)
	if err != nil {
		return err
	}
	res, err := f.service.Infer(r.Context(), req)
	if err != nil {
		return err
	}
	return d.respond(w, res)
}

// request fills in a request from a body.
func (f *face) request(r *http.Request, body []byte, req *oip.Request, m *scratch) (*document, error) {
	n, given, err := headerLength(r, len(body))
	if err != nil {
		return nil, err
	}
	if given && n == 0 {
		t, err := f.raw(req, body)
		req.Inputs = []oip.Tensor{t}
		return &document{binaryOutputs: true}, err
	}
	d, err := parseDocument(body[:n])
	if err != nil {
		return nil, err
	}
	if req.Inputs, err = d.tensors(body[:n], body[n:], m); err != nil {
		return nil, err
	}
	req.ID, req.Timeout = d.id, d.timeout
	for _, o := range d.outputs {
		req.Outputs = append(req.Outputs, o.Requested)
	}
	if req.Timeout == 0 {
		req.Timeout, err = Timeout(r) // whose end is the context's, too; else the model's default would count
	}
	return d, err
}

// headerLength returns the length of the JSON in a body of size bytes, and whether a header gave it.
func headerLength(r *http.Request, size int) (n int, given bool, err error) {
	text := r.Header.Get(lengthHeader)
	if text == "" {
		return size, false, nil
	}
	length, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, true, fmt.Errorf("%w: header %s: %.40q: want a length in bytes", oip.ErrInvalid, lengthHeader, text)
	}
	if length > uint64(size) {
		return 0, true, fmt.Errorf("%w: header %s: %d: the body has %d bytes", oip.ErrInvalid, lengthHeader, length, size)
	}
	return int(length), true, nil
}

// raw makes the input of a raw binary request: the body is the only input, whose open dimension follows from its length.
func (f *face) raw(req *oip.Request, body []byte) (oip.Tensor, error) {
	info, err := f.service.Model(req.Model, req.Version)
	if err != nil {
		return oip.Tensor{}, err
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: raw binary request: %s", oip.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if len(info.Inputs) != 1 {
		return oip.Tensor{}, bad("model %q has %d inputs", info.Name, len(info.Inputs))
	}
	in := info.Inputs[0]
	t := oip.Tensor{Name: in.Name, Datatype: in.Datatype, Shape: append([]int64{}, in.Shape...), Data: body}
	open, size := -1, int64(in.Datatype.Size())
	for i, d := range in.Shape {
		switch {
		case d >= 0:
			size *= d
		case open >= 0:
			return t, bad("model %q has input %q of shape %v, more than one dimension of which is open", info.Name, in.Name, in.Shape)
		default:
			open = i
		}
	}
	if open >= 0 && size > 0 {
		if int64(len(body))%size != 0 || len(body) == 0 {
			return t, bad("%d bytes: input %q takes %d an example", len(body), in.Name, size)
		}
		t.Shape[open] = int64(len(body)) / size
	}
	return t, nil
}
