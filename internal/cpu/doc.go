// Package cpu tells which instruction-set level the process may use.
//
// Levels form a partial order (generic < avx2 < avxvnni, avx2 < avx512vnni, generic < neon < dotprod). A level is usable
// only when the processor has every feature on its list and the operating system saves the registers. The environment
// variable OCTET_MAX_ISA caps the choice; a value that names no level is an error. Nothing here is mutable: the level
// travels as a value.
package cpu
