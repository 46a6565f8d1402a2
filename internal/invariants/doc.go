// Package invariants says whether costly internal checks run: in builds with the tag "invariants"; tests ask for them where they matter.
package invariants
