package guard

import "errors"

// ErrTLS is returned when certificates cannot be used, or options of TLS make no sense.
var ErrTLS = errors.New("bad TLS configuration")

// ErrToken is returned when a list of tokens cannot be used.
var ErrToken = errors.New("bad token")
