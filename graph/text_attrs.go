package graph

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"strconv"
)

// attribute writes a value of one of the types that attribute structs are made of.
func (p *printer) attribute(v reflect.Value) {
	switch x := v.Interface().(type) {
	case DType:
		p.typ(x, nil)
		return
	case Shape:
		p.WriteString(x.String())
		return
	case Tensor:
		p.typ(x.DType, x.Shape)
		p.WriteByte(' ')
		p.data(&x)
		return
	}
	switch {
	case v.CanInt(), v.CanUint():
		fmt.Fprintf(p, "%d", v.Interface())
	case v.CanFloat():
		fmt.Fprintf(p, "%g", v.Interface())
	case v.Kind() == reflect.Bool:
		fmt.Fprintf(p, "%t", v.Interface())
	case v.Kind() == reflect.String:
		fmt.Fprintf(p, "%q", v.String())
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		p.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				p.WriteByte(' ')
			}
			p.attribute(v.Index(i))
		}
		p.WriteByte(']')
	case v.Kind() == reflect.Struct:
		p.fields(v)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		p.attribute(v.Elem())
	default:
		p.err = fmt.Errorf("attribute %v of type %v has no text form", v, v.Type())
	}
}

func (p *printer) fields(v reflect.Value) {
	p.WriteByte('{')
	space := ""
	for name, f := range fields(v) {
		if !f.IsZero() || f.CanFloat() && math.Signbit(f.Float()) {
			p.WriteString(space + name + "=")
			p.attribute(f)
			space = " "
		}
	}
	p.WriteByte('}')
}

// attributes reads the attributes of an operator.
func (p *parser) attributes(op string) any {
	if p.err != nil {
		return nil
	}
	attrs, err := p.newAttrs(op)
	p.failOn(err)
	if attrs == nil || err != nil {
		return nil
	}
	v := reflect.ValueOf(attrs)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		p.fail("bug: attributes of %q are %T, not a pointer to a struct", op, attrs)
		return nil
	}
	v.Elem().SetZero()
	if p.peek() == '{' {
		p.attribute(v.Elem())
	}
	return attrs
}

// attribute reads into v, which is zero.
func (p *parser) attribute(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *DType:
		*x = p.dtype()
		return
	case *Shape:
		*x = p.shape()
		return
	case *Tensor:
		x.DType, x.Shape = p.typ()
		p.data(x)
		return
	}
	switch {
	case v.Kind() == reflect.Bool:
		on := p.keyword("true")
		if !on && !p.keyword("false") {
			p.fail("want true or false before %s", p.next())
		}
		v.SetBool(on)
	case v.CanInt():
		x, err := strconv.ParseInt(p.word(), 10, v.Type().Bits())
		p.failOn(err)
		v.SetInt(x)
	case v.CanUint():
		x, err := strconv.ParseUint(p.word(), 10, v.Type().Bits())
		p.failOn(err)
		v.SetUint(x)
	case v.CanFloat():
		x, err := strconv.ParseFloat(p.word(), v.Type().Bits())
		p.failOn(err)
		v.SetFloat(x)
	case v.Kind() == reflect.String:
		v.SetString(p.quoted())
	case v.Kind() == reflect.Array:
		p.expect('[')
		for i := range v.Len() {
			p.attribute(v.Index(i))
		}
		p.expect(']')
	case v.Kind() == reflect.Slice:
		p.expect('[')
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for !p.accept(']') && p.err == nil {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			p.attribute(v.Index(v.Len() - 1))
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		p.attribute(v.Elem())
	case v.Kind() == reflect.Struct:
		p.fields(v)
	default:
		p.fail("bug: an attribute of type %v has no text form", v.Type())
	}
}

func (p *parser) fields(v reflect.Value) {
	p.expect('{')
	given := make(map[string]bool)
	for !p.accept('}') && p.err == nil {
		name := p.word()
		if given[name] {
			p.fail("attribute %s is given twice", name)
		}
		given[name] = true
		p.expect('=')
		found := false
		for other, f := range fields(v) {
			if other == name && !found {
				found = true
				p.attribute(f)
			}
		}
		if !found {
			p.fail("%v has no attribute %q", v.Type(), name)
		}
	}
}

// fields yields the exported fields of a struct with their names, those of embedded structs as if they were its own.
func fields(v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Anonymous && f.Type.Kind() == reflect.Struct:
				for name, inner := range fields(v.Field(i)) {
					if !yield(name, inner) {
						return
					}
				}
			case f.IsExported() && !yield(f.Name, v.Field(i)):
				return
			}
		}
	}
}
