//go:build linux && !libpcsclite

package pcsc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
)

// The messages between a client and pcscd are those of pcsc-lite's winscard_msg.h: a header of two words (length of the
// message, command), then the message in the byte order of the machine. The answer is the same message, filled in, without a
// header; its last word is the result.
const (
	cmdEstablishContext = 0x01
	cmdConnect          = 0x04
	cmdReconnect        = 0x05
	cmdDisconnect       = 0x06
	cmdBeginTransaction = 0x07
	cmdEndTransaction   = 0x08
	cmdTransmit         = 0x09
	cmdVersion          = 0x11
	cmdGetReadersState  = 0x12
)

// Versions of the protocol. 4.4 is that of pcsc-lite 1.8.24 to 2.2.3, and accepted again since 2.4.1; between these pcscd wants
// 4.5, and before them 4.3. Nothing that is used here differs between the three.
const (
	protocolMajor = 4
	protocolMinor = 4
	oldestMinor   = 3
	newestMinor   = 5
)

// conn is one connection to pcscd, which has one context on it. It does one command at a time.
type conn struct {
	*net.UnixConn
	context uint32 // SCARDCONTEXT; 0: not known yet
	busy    bool   // held by an open card, or by a call
	owed    int    // bytes of answers that are still to come
	dead    bool   // broken, or abandoned in the middle of a command
}

// socketPath is where pcscd listens: as libpcsclite finds it.
func socketPath() string {
	if path := os.Getenv("PCSCLITE_CSOCK_NAME"); path != "" {
		return path
	}
	return "/run/pcscd/pcscd.comm"
}

// hail opens a connection, and says which version of the protocol it speaks and that it wants a context, without waiting
// for the answers (SCardEstablishContext).
func (c *conn) hail(ctx context.Context, minor uint32) error {
	err := c.connect(ctx)
	switch {
	case errors.Is(err, os.ErrPermission):
		return codeNoAccess
	case err != nil && ctx.Err() == nil:
		return codeNoService
	case err != nil:
		return err
	}
	const size, scopeSystem = 12, 2
	if _, err := c.Write(words(size, cmdVersion, protocolMajor, minor, 0, size, cmdEstablishContext, scopeSystem, 0, 0)); err != nil {
		c.Close()
		return errClosed
	}
	return nil
}

// connect waits its turn when more clients than pcscd keeps waiting come at once, which is when the system says EAGAIN.
func (c *conn) connect(ctx context.Context) error {
	for pause := time.Millisecond; ; pause = min(2*pause, longestPause) {
		socket, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socketPath(), Net: "unix"})
		if err == nil {
			c.UnixConn = socket
			return nil
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// greet reads the answers to hail, once. A pcscd of another version says which one it is, and is hailed again.
func (c *conn) greet(ctx context.Context) error {
	if c.context != 0 {
		return nil
	}
	theirs, err := c.greeting(ctx)
	if theirs = min(theirs, newestMinor); err == nil || theirs == protocolMinor || theirs < oldestMinor {
		return err
	}
	c.Close()
	if err := c.hail(ctx, theirs); err != nil {
		return err
	}
	_, err = c.greeting(ctx)
	return err
}

// greeting returns pcscd's minor version, which may be the reason of the error.
func (c *conn) greeting(ctx context.Context) (minor uint32, err error) {
	version, establish := make([]byte, 12), make([]byte, 12)
	minor = protocolMinor
	if err := c.await(ctx, version); err != nil {
		return minor, err
	}
	if word(version, 0) == protocolMajor {
		minor = word(version, 4)
	}
	if err := result(version); err != nil {
		return minor, err
	}
	if err := c.await(ctx, establish); err != nil {
		return protocolMinor, err
	}
	c.context = word(establish, 4)
	return protocolMinor, result(establish)
}

// call exchanges a message that is made of words. There is one more for the result.
func (c *conn) call(ctx context.Context, command uint32, fields ...uint32) (answer []byte, err error) {
	message := words(append(fields, 0)...)
	if err := c.exchange(ctx, command, message, nil, message); err != nil {
		return nil, err
	}
	return message, result(message)
}

// words is a message, or a part of one.
func words(fields ...uint32) []byte {
	message := make([]byte, 0, 4*len(fields))
	for _, f := range fields {
		message = binary.NativeEndian.AppendUint32(message, f)
	}
	return message
}

// word reads a word at an offset.
func word(message []byte, at int) uint32 { return binary.NativeEndian.Uint32(message[at:]) }

// result is the error that the last word of an answer stands for.
func result(answer []byte) error {
	if c := word(answer, len(answer)-4); c != 0 {
		return code(c)
	}
	return nil
}

// exchange sends a message, and what follows it, and reads the answer.
func (c *conn) exchange(ctx context.Context, command uint32, message, rest, answer []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.await(ctx, make([]byte, c.owed)); err != nil {
		return err
	}
	c.owed = 0
	out := slices.Concat(words(uint32(len(message)), command), message, rest)
	defer clear(out) // it may hold a secret
	if _, err := c.Write(out); err != nil {
		c.dead = true
		return errClosed
	}
	return c.await(ctx, answer)
}

// tell sends a message whose answer, which is as long, nobody waits for: the next exchange reads it first.
func (c *conn) tell(command uint32, fields ...uint32) {
	message := words(append(fields, 0)...)
	if _, err := c.Write(append(words(uint32(len(message)), command), message...)); err != nil {
		c.dead = true
	}
	c.owed += len(message)
}

// await reads an answer. When ctx ends first, the answer is still to come.
func (c *conn) await(ctx context.Context, answer []byte) error {
	if len(answer) == 0 {
		return nil
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.SetReadDeadline(time.Unix(1, 0))
		close(ended)
	})
	_, err := io.ReadFull(c, answer)
	if !stop() { // the answer may have come all the same, and the next one is read without ctx
		<-ended
		c.SetReadDeadline(time.Time{})
	}
	if err == nil {
		return nil
	}
	c.dead = true
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errClosed
}

// leave sends messages to which nobody waits for the answers, and ends the connection when pcscd is through with them and
// with what it does now. pcscd alone would reset a card that was left in the middle of a command, after it has let in others.
func (c *conn) leave(messages []byte) {
	if _, err := c.Write(messages); err != nil {
		c.Close()
		return
	}
	go func() {
		defer c.Close()
		c.CloseWrite()
		io.Copy(io.Discard, c.UnixConn)
	}()
}
