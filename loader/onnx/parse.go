package onnx

import (
	"fmt"
)

// parser reads the messages and counts what the limits bound.
type parser struct {
	limits  Limits
	tensors int
}

// parseModel reads a ModelProto.
func parseModel(data []byte, limits Limits) (*modelProto, error) {
	if int64(len(data)) > limits.FileBytes {
		return nil, limitErrorf("model of %d bytes: at most %d", len(data), limits.FileBytes)
	}
	p := &parser{limits: limits}
	m := &modelProto{opsets: make(map[string]int64)}
	err := eachField("model", data, func(f field) error { return p.modelField(m, f) })
	if err != nil {
		return nil, err
	}
	if m.graph == nil {
		return nil, formatErrorf("model holds no graph")
	}
	return m, nil
}

// modelField reads a field of ModelProto.
func (p *parser) modelField(m *modelProto, f field) error {
	switch f.num {
	case 1:
		return f.setInt(&m.irVersion)
	case 2:
		return f.setString(&m.producerName)
	case 3:
		return f.setString(&m.producerVersion)
	case 4:
		return f.setString(&m.domain)
	case 5:
		return f.setInt(&m.modelVersion)
	case 6:
		return f.setString(&m.doc)
	case 7:
		if m.graph != nil {
			return formatErrorf("model holds two graphs")
		}
		m.graph = new(graphProto)
		return eachField("graph", f.bytes, func(f field) error { return p.graphField(m.graph, f) })
	case 8:
		return p.opset(m, f)
	case propertiesField:
		return p.metadata(m, f)
	case 25:
		return p.function(m, f)
	}
	return nil
}

// opset reads an OperatorSetIdProto. The domain ai.onnx is another name of the empty one.
func (p *parser) opset(m *modelProto, f field) error {
	var domain string
	var version int64
	err := eachField("opset import", f.bytes, func(f field) error {
		switch f.num {
		case 1:
			return f.setString(&domain)
		case 2:
			return f.setInt(&version)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(m.opsets) >= p.limits.List {
		return limitErrorf("more than %d opset imports", p.limits.List)
	}
	m.opsets[canonicalDomain(domain)] = version
	return nil
}

// canonicalDomain returns "" for the domain of ONNX itself, under whichever of its names.
func canonicalDomain(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// metadata reads a StringStringEntryProto of the model.
func (p *parser) metadata(m *modelProto, f field) error {
	key, value, err := stringPair("metadata", f)
	if err != nil {
		return err
	}
	if m.metadata == nil {
		m.metadata = make(map[string]string)
	}
	if len(m.metadata) >= p.limits.List {
		return limitErrorf("more than %d entries of metadata", p.limits.List)
	}
	m.metadata[key] = value
	return nil
}

// stringPair reads a StringStringEntryProto.
func stringPair(what string, f field) (key, value string, err error) {
	err = eachField(what, f.bytes, func(f field) error {
		switch f.num {
		case 1:
			return f.setString(&key)
		case 2:
			return f.setString(&value)
		}
		return nil
	})
	return key, value, err
}

// function notes the name of a FunctionProto.
func (p *parser) function(m *modelProto, f field) error {
	var name, domain string
	err := eachField("function", f.bytes, func(f field) error {
		switch f.num {
		case 1:
			return f.setString(&name)
		case 10:
			return f.setString(&domain)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m.functions == nil {
		m.functions = make(map[string]bool)
	}
	if len(m.functions) >= p.limits.List {
		return limitErrorf("more than %d functions", p.limits.List)
	}
	m.functions[canonicalDomain(domain)+" "+name] = true
	return nil
}

// graphField reads a field of GraphProto.
func (p *parser) graphField(g *graphProto, f field) error {
	switch f.num {
	case 1:
		if len(g.nodes) >= p.limits.Nodes {
			return limitErrorf("more than %d nodes", p.limits.Nodes)
		}
		n := new(nodeProto)
		g.nodes = append(g.nodes, n)
		if err := eachField("node", f.bytes, func(f field) error { return p.nodeField(n, f) }); err != nil {
			return fmt.Errorf("node %d, %s: %w", len(g.nodes)-1, n.where(), err)
		}
	case 2:
		return f.setString(&g.name)
	case 5:
		t, err := p.tensor(f)
		if err != nil {
			return err
		}
		g.initializers = append(g.initializers, t)
	case 11:
		return p.value(&g.inputs, f)
	case 12:
		return p.value(&g.outputs, f)
	case 13:
		return p.value(&g.values, f)
	case 15:
		g.sparse = true
	}
	return nil
}

// nodeField reads a field of NodeProto.
func (p *parser) nodeField(n *nodeProto, f field) error {
	switch f.num {
	case 1:
		return f.appendString(&n.inputs, p.limits.List)
	case 2:
		return f.appendString(&n.outputs, p.limits.List)
	case 3:
		return f.setString(&n.name)
	case 4:
		return f.setString(&n.op)
	case 5:
		if len(n.attrs) >= p.limits.List {
			return limitErrorf("more than %d attributes", p.limits.List)
		}
		a := new(attrProto)
		if err := eachField("attribute", f.bytes, func(f field) error { return p.attrField(a, f) }); err != nil {
			return fmt.Errorf("attribute %q: %w", a.name, err)
		}
		n.attrs = append(n.attrs, a)
	case 7:
		err := f.setString(&n.domain)
		n.domain = canonicalDomain(n.domain)
		return err
	}
	return nil
}

// attrField reads a field of AttributeProto.
func (p *parser) attrField(a *attrProto, f field) error {
	switch f.num {
	case 1:
		return f.setString(&a.name)
	case 2:
		a.has |= 1 << attrFloat
		return f.setFloat(&a.f)
	case 3:
		a.has |= 1 << attrInt
		return f.setInt(&a.i)
	case 4:
		a.has |= 1 << attrString
		return f.setBytes(&a.s)
	case 5:
		a.has |= 1 << attrTensor
		var err error
		a.t, err = p.tensor(f)
		return err
	case 7:
		a.has |= 1 << attrFloats
		return f.appendFloats(&a.floats, p.limits.List)
	case 8:
		a.has |= 1 << attrInts
		return f.appendInts(&a.ints, p.limits.List)
	case 9:
		a.has |= 1 << attrStrings
		return f.appendString(&a.strings, p.limits.List)
	case 20:
		return f.setInt(&a.kind)
	case 6, 10, 11, 14, 15, 21, 22, 23:
		a.other = true
	}
	return nil
}

// value reads a ValueInfoProto and appends it to the list.
func (p *parser) value(list *[]*valueProto, f field) error {
	if len(*list) >= p.limits.Nodes {
		return limitErrorf("more than %d values", p.limits.Nodes)
	}
	v := new(valueProto)
	err := eachField("value", f.bytes, func(f field) error {
		switch f.num {
		case 1:
			return f.setString(&v.name)
		case 2:
			return eachField("type", f.bytes, func(f field) error {
				if f.num != 1 {
					return nil
				}
				v.tensor = true
				return eachField("tensor type", f.bytes, func(f field) error { return p.tensorType(v, f) })
			})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("value %q: %w", v.name, err)
	}
	*list = append(*list, v)
	return nil
}

// tensorType reads a field of TypeProto.Tensor.
func (p *parser) tensorType(v *valueProto, f field) error {
	switch f.num {
	case 1:
		return f.setInt(&v.elemType)
	case 2:
		v.hasShape = true
		return eachField("shape", f.bytes, func(f field) error {
			if f.num != 1 {
				return nil
			}
			if len(v.dims) >= p.limits.Rank {
				return limitErrorf("more than %d dimensions", p.limits.Rank)
			}
			var d dimProto
			err := eachField("dimension", f.bytes, func(f field) error {
				switch f.num {
				case 1:
					d.hasValue = true
					return f.setInt(&d.value)
				case 2:
					return f.setString(&d.param)
				}
				return nil
			})
			v.dims = append(v.dims, d)
			return err
		})
	}
	return nil
}
