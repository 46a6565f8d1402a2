//go:build js

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/octet-ml/octet/examples/wasm/internal/classify"
)

// errCall is returned for a call that does not fit the model's state or the function.
var errCall = errors.New("bad call")

// top is the number of classes of an answer.
const top = 5

// page is the state behind the functions that JavaScript sees.
type page struct{ model *classify.Model }

// main sets the global object octet and waits. Its functions take bytes as Uint8Array and return what the fields of package
// classify's structs are in JSON; what fails returns an object with the one key error.
func main() {
	p := &page{}
	octet := js.ValueOf(map[string]any{})
	for name, f := range map[string]func([]js.Value) (any, error){
		"open": p.open, "picture": p.picture, "drawing": p.drawing, "digest": p.digest,
	} {
		octet.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return reply(f(args)) }))
	}
	js.Global().Set("octet", octet)
	select {}
}

// reply returns a result as a JavaScript value.
func reply(result any, err error) js.Value {
	if err != nil {
		result = map[string]string{"error": err.Error()}
	}
	text, err := json.Marshal(result)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return js.Global().Get("JSON").Call("parse", string(text))
}

// bytes returns the bytes in the Uint8Array args[0].
func bytes(args []js.Value) ([]byte, error) {
	if len(args) == 0 || !args[0].InstanceOf(js.Global().Get("Uint8Array")) {
		return nil, fmt.Errorf("%w: want a Uint8Array", errCall)
	}
	data := make([]byte, args[0].Length())
	js.CopyBytesToGo(data, args[0])
	return data, nil
}

// open makes a model file's bytes the model: open(bytes). A file that cannot be opened leaves the model as it was.
func (p *page) open(args []js.Value) (any, error) {
	data, err := bytes(args)
	if err != nil {
		return nil, err
	}
	m, err := classify.Open(data)
	if err != nil {
		return nil, err
	}
	p.model = m
	return m.Info(), nil
}

// loaded returns the bytes in args[0] if there is a model.
func (p *page) loaded(args []js.Value) ([]byte, error) {
	if p.model == nil {
		return nil, fmt.Errorf("%w: no model is open", errCall)
	}
	return bytes(args)
}

// picture classifies a picture file's bytes: picture(bytes).
func (p *page) picture(args []js.Value) (any, error) {
	data, err := p.loaded(args)
	if err != nil {
		return nil, err
	}
	return p.model.Picture(data, top)
}

// drawing classifies grey pixels: drawing(bytes, width, height).
func (p *page) drawing(args []js.Value) (any, error) {
	data, err := p.loaded(args)
	if err != nil {
		return nil, err
	}
	if len(args) != 3 || args[1].Type() != js.TypeNumber || args[2].Type() != js.TypeNumber {
		return nil, fmt.Errorf("%w: want bytes, width, height", errCall)
	}
	return p.model.Drawing(data, args[1].Int(), args[2].Int(), top)
}

// digest returns the model's digest: digest().
func (p *page) digest([]js.Value) (any, error) {
	if p.model == nil {
		return nil, fmt.Errorf("%w: no model is open", errCall)
	}
	sum, err := p.model.Digest()
	return map[string]string{"digest": sum}, err
}
