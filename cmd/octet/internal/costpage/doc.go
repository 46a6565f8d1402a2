// Package costpage draws what package quantize/cost measured: one HTML page without anything outside of it, for people.
package costpage
