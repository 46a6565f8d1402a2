// Package rest is the Open Inference Protocol, version 2, on HTTP, as KServe and Triton speak it, on top of an oip.Service.
//
// What other faces on HTTP need, too, is exported: Body reads what a client sends within its limits, Timeout reads how long a client
// wants to wait, WriteJSON and WriteError answer.
package rest
