// Package rest is the Open Inference Protocol, version 2, on HTTP, as KServe and Triton speak it, on top of an oip.Service. New returns
// the handler:
//
//	GET  /v2                                            metadata of the server
//	GET  /v2/health/live, /v2/health/ready              probes
//	GET  /v2/models/{model}[/versions/{v}]              metadata of a model
//	GET  /v2/models/{model}[/versions/{v}]/ready        probe
//	GET  /v2/models/{model}[/versions/{v}]/config       Triton's model configuration extension
//	GET  /v2/models[/{model}[/versions/{v}]]/stats      Triton's statistics extension
//	POST /v2/models/{model}[/versions/{v}]/infer        inference, with Triton's binary tensor data and classification extensions
//	POST /v2/repository/index                           Triton's model repository extension
//	POST /v2/repository/models/{model}/load, /unload
//
// The documents are specification/protocol/inference_rest.md of github.com/kserve/open-inference-protocol, and docs/protocol of
// github.com/triton-inference-server/server. Where they leave a choice: data in JSON must fit the datatype exactly, integers without
// fraction and floats in range, and nothing is converted; FP16, BF16, NaN and infinities have no form in JSON and need binary data;
// strings in JSON are UTF-8, or base64 where the input's parameter content_type says "base64", as MLServer has it; parameter timeout
// counts microseconds, other parameters that mean nothing here are skipped.
//
// What other faces on HTTP need, too, is exported: Body reads what a client sends within its limits, Timeout reads how long a client
// wants to wait, WriteJSON and WriteError answer.
package rest
