// Package pictures serves pictures on HTTP: POST /v1/classify/{model} and /v1/classify/{model}/{version} say what is in the files that
// a client sends, GET /v1/status tells how the models fare, and GET / is a page to try both in a browser.
//
// It is a face of oip.Service and holds no models of its own. The page consists of embedded files, loads nothing from elsewhere and
// sends pictures to its own server only. Rates and latencies of the last minute come from an Observer, which the owner of the service
// puts behind its hooks; nothing runs while nobody asks.
package pictures
