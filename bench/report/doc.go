// Package report draws what package bench has measured: one HTML page without anything outside of it, for people.
package report
