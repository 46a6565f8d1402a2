// Package generate writes Go packages around model files: the model embedded, its preprocessing as a literal, its classes
// as a type, and a test that pins what it computes.
//
// The templates are Go files but for the braces; what they give is formatted by go/format, and an output that does not
// parse is an error of ours. The same model and options give the same bytes.
package generate
