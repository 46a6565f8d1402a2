//go:build !amd64

package probe

const spinTurns = 0

func available() bool { return false }

func spin(int) int { return 0 }
