// Package check judges the manifests in deploy: each object against the schema that Kubernetes, KServe or the Prometheus
// operator publishes (package published; unknown fields are errors), each kustomization by building it, and what belongs
// together against each other: selectors and labels, ports and probes, the drain and the time that a pod is given, flags
// and the program that has them.
//
// It is a module of its own, so that Kubernetes' types stay out of what an embedder of Octet requires. The schemas are
// data in the folder schemas; `go generate` writes them anew after a change of a version in package published.
package check

//go:generate go run ./generate
