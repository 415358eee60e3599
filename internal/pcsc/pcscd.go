//go:build !windows && !darwin

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// SocketVariable overrides the place of pcscd's socket, as it does for
// libpcsclite: inside sandboxes the socket is somewhere else.
const SocketVariable = "PCSCLITE_CSOCK_NAME"

const socketPath = "/run/pcscd/pcscd.comm"

// Versions of the protocol. Daemons up to 2.4.0 serve one version only, later
// ones every one from 4:4 on; between 4:4 and 4:5 nothing differs of what is
// used here.
const (
	major    = 4
	minor    = 4
	minorTop = 5
)

// Client is a connection to the service. It may be used by several goroutines;
// one call waits for the other, and a Watch for as long as it runs.
type Client struct {
	mu      sync.Mutex
	conn    net.Conn // nil when closed
	context uint32
}

// Open connects to the service. It may take a moment when the system starts the
// service on demand.
func Open(ctx context.Context) (*Client, error) {
	path := os.Getenv(SocketVariable)
	if path == "" {
		path = socketPath
	}
	return open(ctx, path, minor)
}

func open(ctx context.Context, path string, version uint32) (*Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w", ErrNoService, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return nil, fmt.Errorf("pcsc: %w", err)
	}
	c := &Client{conn: conn}
	theirs, err := c.greet(ctx, version)
	if err != nil {
		c.shut()
		if theirs > version && theirs <= minorTop {
			return open(ctx, path, theirs)
		}
		return nil, err
	}
	return c, nil
}

// greet agrees on the version and gets a context. On a version that the service
// does not serve, theirs is the one it does.
func (c *Client) greet(ctx context.Context, version uint32) (theirs uint32, err error) {
	answer, err := c.ask(ctx, versionSize, commandVersion, major, version, 0)
	if err != nil {
		if errors.Is(err, ErrNoService) && ctx.Err() == nil {
			// It accepted the connection and closed it unread.
			err = fmt.Errorf("%w: it hung up", ErrRefused)
		}
		return 0, err
	}
	if result := host.Uint32(answer[8:]); result == resultStopped {
		if host.Uint32(answer) == major {
			theirs = host.Uint32(answer[4:])
		}
		return theirs, fmt.Errorf("%w: it speaks version %d:%d", ErrProtocol, int32(host.Uint32(answer)), int32(host.Uint32(answer[4:])))
	} else if result != 0 {
		return 0, resultError("version", result)
	}
	const scopeSystem = 2
	answer, err = c.ask(ctx, establishSize, commandEstablish, scopeSystem, 0, 0)
	if err != nil {
		return 0, err
	}
	c.context = host.Uint32(answer[4:])
	return 0, resultError("context", host.Uint32(answer[8:]))
}

// Close ends the connection.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return nil
	}
	// The service clears up after one who leaves without a word, too.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.ask(ctx, releaseSize, commandRelease, c.context, 0)
	c.shut()
	return nil
}

func (c *Client) shut() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// Readers returns the readers as they are.
func (c *Client) Readers(ctx context.Context) ([]Reader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	table, err := c.ask(ctx, tableSize, commandState)
	if err != nil {
		return nil, err
	}
	return parseTable(table)
}

// Watch calls f with the readers as they are and then after every change, until
// ctx ends or the service does, and returns the reason. The client can be used
// again when the reason is ctx.
func (c *Client) Watch(ctx context.Context, f func([]Reader)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var last []Reader
	for first := true; ; {
		// One step of the daemon: it puts us on its list and tells the state,
		// so that no change falls between.
		table, err := c.wait(ctx)
		if err != nil {
			return err
		}
		readers, err := parseTable(table)
		if err != nil {
			c.shut()
			return err
		}
		if first || !equal(last, readers) {
			first, last = false, readers
			f(readers)
		}
		event := make([]byte, waitSize)
		n, err := c.receive(ctx, event)
		if ctx.Err() != nil && err != nil {
			return c.stopWaiting(ctx, event[n:])
		}
		if err != nil {
			return err
		}
		if result := host.Uint32(event[4:]); result != 0 && result != resultCancelled {
			c.shut()
			return resultError("event", result)
		}
	}
}

// registering bounds the daemon's first answer to commandWait, which it gives
// once its readers are ready.
const registering = 10 * time.Second

// wait asks for the readers and for the next event. The end of ctx does not cut
// the answer in two, so that the connection stays of use.
func (c *Client) wait(ctx context.Context) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), registering)
	defer cancel()
	table, err := c.ask(short, tableSize, commandWait)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return table, err
}

// stopWaiting takes us off the daemon's list. What comes back is one message
// either way: the answer, or the event that overtook us. rest is what is
// missing of it.
func (c *Client) stopWaiting(ctx context.Context, rest []byte) error {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := c.send(short, request(commandStop))
	if err == nil {
		_, err = c.receive(short, rest)
	}
	if err != nil {
		c.shut()
	}
	return ctx.Err()
}

// ask sends a command and returns its answer of the given size.
func (c *Client) ask(ctx context.Context, size int, command uint32, body ...uint32) ([]byte, error) {
	if err := c.send(ctx, request(command, body...)); err != nil {
		return nil, err
	}
	answer := make([]byte, size)
	if _, err := c.receive(ctx, answer); err != nil {
		c.shut() // the rest of the answer would be taken for the next one
		return nil, err
	}
	return answer, nil
}

func (c *Client) send(ctx context.Context, b []byte) error {
	if c.conn == nil {
		return ErrClosed
	}
	defer c.bound(ctx)()
	if _, err := c.conn.Write(b); err != nil {
		c.shut()
		return lost(ctx, err)
	}
	return nil
}

// receive fills b or tells how much of it came.
func (c *Client) receive(ctx context.Context, b []byte) (int, error) {
	if c.conn == nil {
		return 0, ErrClosed
	}
	defer c.bound(ctx)()
	n, err := io.ReadFull(c.conn, b)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.shut()
	}
	return n, lost(ctx, err)
}

// bound makes the end of ctx end what the connection waits for.
func (c *Client) bound(ctx context.Context) func() {
	conn := c.conn
	conn.SetDeadline(time.Time{})
	var mu sync.Mutex
	over := false
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			conn.SetDeadline(time.Unix(1, 0))
		}
	})
	return func() {
		stop()
		mu.Lock()
		over = true
		mu.Unlock()
	}
}

func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrNoService, err)
}
