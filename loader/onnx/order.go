package onnx

// order returns the nodes so that each stands after those whose outputs it reads, keeping the file's order where that
// allows it. The specification wants files in such an order; not every writer keeps to it.
func (r *reader) order(nodes []*nodeProto) ([]*nodeProto, error) {
	producer := make(map[string]int)
	for i, n := range nodes {
		for _, name := range n.outputs {
			if name == "" {
				continue
			}
			if _, twice := producer[name]; twice || r.values[name] != nil || r.constants[name] != nil {
				return nil, formatErrorf("%s: value %q is produced twice", n.where(), name)
			}
			producer[name] = i
		}
	}
	var out []*nodeProto
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(nodes))
	type visit struct{ node, input int }
	for i := range nodes {
		if state[i] == done {
			continue
		}
		stack := []visit{{node: i}}
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			n := nodes[top.node]
			state[top.node] = open
			if top.input == len(n.inputs) {
				state[top.node] = done
				out = append(out, n)
				stack = stack[:len(stack)-1]
				continue
			}
			name := n.inputs[top.input]
			top.input++
			j, produced := producer[name]
			switch {
			case !produced || state[j] == done:
			case state[j] == open:
				return nil, formatErrorf("%s: value %q depends on itself", n.where(), name)
			default:
				stack = append(stack, visit{node: j})
			}
		}
	}
	return out, nil
}
