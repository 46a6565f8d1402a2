package invariants

// Enabled reports whether invariants are checked.
const Enabled = tagged
