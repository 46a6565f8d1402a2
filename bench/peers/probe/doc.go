// Package probe measures what a processor can do with int8 right now. On a shared machine a time means little without the
// machine's own peak taken beside it.
//
// Where the processor has AVX-512 VNNI the probe is a loop of VPDPBUSD on independent registers: the physical limit. Elsewhere
// it is package i8's best kernel on data that stays in the level-1 cache: a limit of this project's kernels, and called so.
//
// A call of the assembly loop takes less than 50 microseconds, as it cannot be preempted.
package probe
