module github.com/octet-ml/octet/bench/peers

go 1.26.0

require (
	github.com/octet-ml/octet v0.0.0
	github.com/yalue/onnxruntime_go v1.27.0
)

require (
	github.com/google/flatbuffers v25.12.19+incompatible // indirect
	github.com/klauspost/cpuid/v2 v2.4.2 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/octet-ml/octet => ../..
