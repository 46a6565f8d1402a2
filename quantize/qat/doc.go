// Package qat trains networks in Gorgonia that know of their quantization.
package qat
