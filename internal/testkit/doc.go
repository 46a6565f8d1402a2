// Package testkit holds what the tests of several packages share: finding the data folder and reading NumPy files.
//
// It is imported by tests only.
package testkit
