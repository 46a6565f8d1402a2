// Package arch holds the tests that keep the tree what docs/architecture.md says it is.
//
// It has no code of its own. deps_*_test.go is the import policy: one row per package, read from every .go file whatever
// its build tags. isa_*_test.go reads the assembly: instruction classes against the folder's level, raw bytes against
// their comments, VZEROUPPER before every return. docs_*_test.go reads comments, links and file sizes. embed_test.go
// builds a program that embeds a model and weighs it.
//
// Every checker is itself run on good and bad snippets, so that it cannot pass by seeing nothing.
package arch
