// Package figure draws figures for pages: plots as parts of an HTML document, with nothing outside of it, in colours that can be
// told apart, readable on a telephone.
package figure
