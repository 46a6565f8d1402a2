package tflite

import "github.com/octet-ml/octet/graph"

// identifier is the file identifier, bytes 4 to 8 of a model.
const identifier = "TFL3"

// schemaVersion is the value of Model.version.
const schemaVersion = 3

// Field numbers of the tables of schema.fbs; a union takes two, its type and its value.
const (
	modelVersion       = 0
	modelOperatorCodes = 1
	modelSubgraphs     = 2
	modelDescription   = 3
	modelBuffers       = 4
	modelMetadata      = 6

	operatorCodeDeprecated = 0
	operatorCodeCustom     = 1
	operatorCodeBuiltin    = 3

	subgraphTensors   = 0
	subgraphInputs    = 1
	subgraphOutputs   = 2
	subgraphOperators = 3
	subgraphName      = 4

	tensorShape        = 0
	tensorType         = 1
	tensorBuffer       = 2
	tensorName         = 3
	tensorQuantization = 4
	tensorIsVariable   = 5
	tensorSparsity     = 6
	tensorSignature    = 7

	quantScale     = 2
	quantZeroPoint = 3
	quantDetails   = 4
	quantDimension = 6

	operatorCode        = 0
	operatorInputs      = 1
	operatorOutputs     = 2
	operatorOptionsType = 3
	operatorOptions     = 4

	bufferData   = 0
	bufferOffset = 1
	bufferSize   = 2

	metadataName   = 0
	metadataBuffer = 1
)

// tensorTypes are the values of TensorType that are element types here.
var tensorTypes = map[byte]graph.DType{
	0: graph.Float32, 1: graph.Float16, 2: graph.Int32, 3: graph.Uint8, 4: graph.Int64, 6: graph.Bool, 7: graph.Int16,
	9: graph.Int8, 10: graph.Float64, 12: graph.Uint64, 15: graph.Uint32, 16: graph.Uint16, 17: graph.Int4, 18: graph.BFloat16,
}

// tensorTypeNames names the others, for messages.
var tensorTypeNames = map[byte]string{5: "string", 8: "complex64", 11: "complex128", 13: "resource", 14: "variant"}

// dtypeOf returns the element type of a TensorType.
func dtypeOf(t byte) (graph.DType, error) {
	if d, ok := tensorTypes[t]; ok {
		return d, nil
	}
	if name, ok := tensorTypeNames[t]; ok {
		return graph.Invalid, unsupportedf("data type %s", name)
	}
	return graph.Invalid, unsupportedf("data type number %d", t)
}

// Values of Padding.
const (
	paddingSame  = 0
	paddingValid = 1
)

// Values of ActivationFunctionType.
const (
	activationNone      = 0
	activationRelu      = 1
	activationReluN1To1 = 2
	activationRelu6     = 3
	activationTanh      = 4
	activationSignBit   = 5
)
