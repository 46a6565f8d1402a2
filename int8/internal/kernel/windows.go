package kernel

// WindowsArgs asks for N windows of Rows pieces of Width bytes, one after another in each:
//
//	Dst[i*DstStep + r*Width + b] = Src[r*SrcRow + i*SrcStep + b]    for i < N, r < Rows, b < Width
//
// A kernel may move Pair windows at a time, where Pair is not nil: byte p of a pair is byte Pair[p] of 16 bytes of each of the rows.
//
// Preconditions: N, Rows and Width are positive, Width <= MaxWindowWidth, Rows*Width <= DstStep; Dst is apart from Src. A kernel may
// read MaxWindowWidth bytes from the begin of each piece on, and leave anything in Dst between windows and up to WindowsSlack bytes
// past the last.
type WindowsArgs struct {
	Dst, Src                 *byte
	DstStep, SrcStep, SrcRow int64
	N, Rows, Width           int64
	Pair                     *[64]byte
}

// PairOfWindows returns WindowsArgs.Pair, or nil where two windows do not fit: rows of 16 bytes, four at most, and a pair of 64.
func PairOfWindows(a *WindowsArgs) *[64]byte {
	if a.Rows > 4 || a.SrcStep+a.Width > 16 || a.DstStep+a.Rows*a.Width > 64 {
		return nil
	}
	var pair [64]byte
	for i := range int64(2) {
		for k := range a.Rows * a.Width {
			pair[i*a.DstStep+k] = byte(16*(k/a.Width) + i*a.SrcStep + k%a.Width)
		}
	}
	return &pair
}

// MaxWindowWidth bounds WindowsArgs.Width; WindowsSlack is how much may be written past the last window.
const (
	MaxWindowWidth = 32
	WindowsSlack   = 64
)

// Windows is the kernel that puts the rows of windows side by side; Func is nil where that does not repay.
type Windows struct {
	Name string
	Func func(*WindowsArgs)
}
