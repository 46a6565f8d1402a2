package memory

import "syscall"

// adviseHuge asks for huge pages behind b, whole ones that nothing has been written to. A system without them says no, which
// changes nothing.
func adviseHuge(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
