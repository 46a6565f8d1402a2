// Command octet classifies pictures with quantized convolutional networks, and shows what is inside them.
//
// Exit statuses: 0 success, 1 failure, 2 wrong usage.
package main
