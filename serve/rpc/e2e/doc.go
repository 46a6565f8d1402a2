// Package e2e calls package rpc with the protocol's official files, which Octet does not carry: OCTET_PROTO names a folder with
// open_inference_grpc.proto of kserve/open-inference-protocol, and grpc_service.proto and model_config.proto of
// triton-inference-server/common. Without it the tests skip. It is a module of its own, so that the compiler of these files is
// nothing that Octet's module requires.
//
//	OCTET_PROTO=DIR go test .
package e2e
