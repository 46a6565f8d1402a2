package tflite

// Rows returns the codes and names of the operators that are converted.
func Rows() map[int]string {
	out := make(map[int]string)
	for _, r := range operators {
		out[r.code] = r.name
	}
	return out
}
