// Package guard is what stands between a server and the network: certificates that are replaced while connections live, bearer tokens,
// bounds on connections and on how long they may do nothing, and handlers of profiles for operators.
//
// Files with certificates and tokens are read again when they change, told by the file system and not by looking from time to time.
// What replaces them in one step is followed: a rename, and the symbolic links by which Kubernetes updates a Secret. Content that cannot
// be used is logged, and what was used before goes on.
package guard
