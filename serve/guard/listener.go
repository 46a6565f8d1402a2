package guard

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ListenerOptions bounds the connections of a listener.
type ListenerOptions struct {
	Max   int // open at once; 0: no bound
	PerIP int // of one address, in IPv6 of one /64 network, as one client has that; 0: no bound. Mind proxies: they are one address
}

// Connections is a listener with bounds. A connection beyond them is accepted and closed at once. One that had to wait, as with
// netutil.LimitListener, would be as slow as the slowest of those that are open: a hundred that do nothing would shut everybody out, and
// nobody, a load balancer least of all, would be told. It is safe for concurrent use.
type Connections struct {
	net.Listener
	options ListenerOptions
	refused atomic.Int64

	mu   sync.Mutex
	open int
	of   map[netip.Addr]int
}

// Listener returns a listener with bounds.
func Listener(l net.Listener, o ListenerOptions) *Connections {
	return &Connections{Listener: l, options: o, of: make(map[netip.Addr]int)}
}

// Open returns how many connections are open.
func (l *Connections) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Refused returns how many connections have been refused.
func (l *Connections) Refused() int64 { return l.refused.Load() }

// Accept waits for a connection within the bounds.
func (l *Connections) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := network(c.RemoteAddr())
		if l.enter(from) {
			return &conn{Conn: c, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		l.refused.Add(1)
		_ = c.Close()
	}
}

// enter counts a connection in if there is room.
func (l *Connections) enter(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.options.Max > 0 && l.open >= l.options.Max || l.options.PerIP > 0 && from.IsValid() && l.of[from] >= l.options.PerIP {
		return false
	}
	l.open++
	l.of[from]++
	return true
}

// leave counts a connection out.
func (l *Connections) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// network returns what one client has: an address of IPv4, or a /64 network of IPv6; the zero value for what is no address of IP.
func network(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().Addr()
	}
	return ip
}

// conn is a connection that is counted.
type conn struct {
	net.Conn
	leave func()
}

// Close closes the connection and counts it out.
func (c *conn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite ends what is sent: net/http does so before it closes a connection whose client still sends, which else may never read the
// answer.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}
