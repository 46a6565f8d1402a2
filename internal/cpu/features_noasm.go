//go:build noasm || !(amd64 || arm64)

package cpu

func supported(l Level) bool { return l == Generic }
