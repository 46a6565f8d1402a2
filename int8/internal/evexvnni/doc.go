// Package evexvnni has the kernels of package avxvnni, from the same generator, with VPDPBUSD as AVX-512 VNNI and VL encode it.
//
// It belongs to no level: tests import it to run on machines with AVX-512 what only others can run as it is. That the bytes in
// avxvnni are what their comments say is checked by internal/arch.
package evexvnni
