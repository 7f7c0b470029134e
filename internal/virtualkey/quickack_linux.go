package virtualkey

import (
	"net"
	"syscall"
)

// quickAck makes the kernel acknowledge at once what is read from conn. vpcd writes the length and the body of a frame
// separately; its kernel holds the body back until the length is acknowledged, which otherwise takes 40 ms.
func quickAck(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	return quickAckConn{tcp}
}

type quickAckConn struct{ *net.TCPConn }

// Read sets TCP_QUICKACK each time: Linux clears it by itself (tcp(7)). Where that fails, reading is only slower.
func (c quickAckConn) Read(b []byte) (int, error) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
		})
	}
	return c.TCPConn.Read(b)
}
