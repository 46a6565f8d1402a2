package check

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// arguments are the flags that a container gives to octet serve, by name without dashes.
type arguments map[string]string

// parseArguments returns the flags of "serve --name=value ...", the one form that the manifests use.
func parseArguments(where string, args []string) (arguments, error) {
	if len(args) == 0 || args[0] != "serve" {
		return nil, fmt.Errorf("%w: %s: args: want serve first, got %q", ErrRule, where, args)
	}
	out := arguments{}
	for _, arg := range args[1:] {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !strings.HasPrefix(arg, "--") || !ok {
			return nil, fmt.Errorf("%w: %s: args: want --name=value, got %q", ErrRule, where, arg)
		}
		if _, again := out[name]; again {
			return nil, fmt.Errorf("%w: %s: args: --%s stands twice", ErrRule, where, name)
		}
		out[name] = value
	}
	return out, nil
}

// port returns the port of an address such as ":8000".
func (a arguments) port(where, name string) (int32, error) {
	_, text, err := net.SplitHostPort(a[name])
	if err != nil {
		return 0, fmt.Errorf("%w: %s: args: --%s=%s: %w", ErrRule, where, name, a[name], err)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: args: --%s=%s: %w", ErrRule, where, name, a[name], err)
	}
	return int32(n), nil
}

// duration returns the value of a flag such as "10s".
func (a arguments) duration(where, name string) (time.Duration, error) {
	d, err := time.ParseDuration(a[name])
	if err != nil {
		return 0, fmt.Errorf("%w: %s: args: --%s=%s: %w", ErrRule, where, name, a[name], err)
	}
	return d, nil
}
