//go:build !noasm

package cpu

import "github.com/klauspost/cpuid/v2"

var features = [numLevels][]cpuid.FeatureID{
	AVX2:       {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2},
	AVXVNNI:    {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.AVXVNNI},
	AVX512VBMI: {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX512VNNI, cpuid.AVX512VBMI},
	AVX512VNNI: {cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX512VNNI},
}

func supported(l Level) bool {
	return l == Generic || len(features[l]) > 0 && cpuid.CPU.Supports(features[l]...)
}
