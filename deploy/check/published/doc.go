// Package published reduces schemas that others publish to what the check of manifests needs: fields, types, required
// fields, enumerations, patterns and ranges, as JSON Schema 2020-12 that refuses unknown fields.
//
// The sources are Go modules (Kubernetes' OpenAPI, the custom resource definitions of KServe and of the Prometheus
// operator), pinned by version and checksum, which the go command brings. Descriptions, defaults and merge hints are left
// out, and so are rules in CEL, which the check does not evaluate. A keyword that this package does not know is an error,
// so that a new version cannot lose a constraint unseen.
package published
