package kernel

// PeakArgs asks for Turns turns, at least one, of a loop of independent products on registers.
type PeakArgs struct {
	Turns int64
}

// Peak is the loop by which the most that a core can do at a level is measured: the instructions of the level's matrix product and
// nothing else. A set without one has no Func.
type Peak struct {
	Name     string
	Products int64 // of a turn
	Func     func(*PeakArgs)
}
