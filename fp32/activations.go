package f32

import (
	"math"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(x float32) float32 { return float32(1 / (exp(-float64(x)) + 1)) }

// Tanh returns the hyperbolic tangent of x.
func Tanh(x float32) float32 {
	e := expm1(2 * float64(x))
	return float32(e / (e + 2))
}

// Relu returns max(x, 0); a NaN stays a NaN.
func Relu(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

// unit limits v to 0..1; a NaN stays a NaN.
func unit(v float64) float64 {
	switch {
	case v < 0:
		return 0
	case v > 1:
		return 1
	}
	return v
}

// HardSigmoid returns the function max(0, min(1, alpha·x+beta)), as ONNX HardSigmoid.
func HardSigmoid(alpha, beta float32) func(x float32) float32 {
	return func(x float32) float32 {
		return float32(unit(float64(float64(alpha)*float64(x)) + float64(beta)))
	}
}

// HardSwish returns x·max(0, min(1, x/6+1/2)), as ONNX HardSwish, computed in float32: three roundings.
func HardSwish(x float32) float32 {
	return x * kernel.Clamp(float32(x*(1.0/6))+0.5, 0, 1)
}

// Silu returns x/(1+e⁻ˣ); 0 for -Inf.
func Silu(x float32) float32 {
	v := float64(x)
	if v < -expMax {
		v = -expMax
	}
	return float32(v / (exp(-v) + 1))
}

// Swish returns the function x/(1+e^(-alpha·x)), as ONNX Swish.
func Swish(alpha float32) func(x float32) float32 {
	return func(x float32) float32 {
		v := float64(x)
		if math.IsInf(v, 0) && alpha != 0 {
			v = math.Copysign(math.MaxFloat32, v)
		}
		return float32(v / (exp(-float64(float64(alpha)*v)) + 1))
	}
}

// LeakyRelu returns the function x for x ≥ 0, else alpha·x.
func LeakyRelu(alpha float32) func(x float32) float32 {
	return func(x float32) float32 {
		if x < 0 {
			return alpha * x
		}
		return x
	}
}

// ThresholdedRelu returns the function x for x > alpha, else 0; a NaN stays a NaN.
func ThresholdedRelu(alpha float32) func(x float32) float32 {
	return func(x float32) float32 {
		if x <= alpha {
			return 0
		}
		return x
	}
}

// Elu returns the function x for x ≥ 0, else alpha·(eˣ-1).
func Elu(alpha float32) func(x float32) float32 { return Selu(alpha, 1) }

// Selu returns the function gamma·x for x ≥ 0, else gamma·alpha·(eˣ-1), as ONNX Selu.
func Selu(alpha, gamma float32) func(x float32) float32 {
	return func(x float32) float32 {
		if x < 0 {
			return float32(float64(float64(gamma)*float64(alpha)) * expm1(float64(x)))
		}
		return gamma * x
	}
}

// Celu returns the function x for x ≥ 0, else alpha·(e^(x/alpha)-1), as ONNX Celu.
func Celu(alpha float32) func(x float32) float32 {
	return func(x float32) float32 {
		if x < 0 {
			return float32(float64(alpha) * expm1(float64(x)/float64(alpha)))
		}
		return x
	}
}

// Softplus returns ln(1+eˣ).
func Softplus(x float32) float32 {
	v := float64(x)
	if v != v {
		return x
	}
	return float32(max(v, 0) + log1p(exp(-math.Abs(v))))
}

// Softsign returns x/(1+|x|).
func Softsign(x float32) float32 {
	v := float64(x)
	if math.IsInf(v, 0) {
		return float32(math.Copysign(1, v))
	}
	return float32(v / (1 + math.Abs(v)))
}

// Mish returns x·tanh(ln(1+eˣ)); 0 for -Inf.
func Mish(x float32) float32 {
	v := float64(x)
	if v < -expMax {
		v = -expMax
	}
	u := v
	if u > 40 {
		u = 40 // the quotient below is 1 from here on
	}
	e := exp(u)
	n := float64(e * (e + 2)) // tanh(ln(1+e)) = n/(n+2)
	return float32(v * (n / (n + 2)))
}
