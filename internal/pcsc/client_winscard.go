//go:build windows || darwin

package pcsc

import (
	"context"
	"sync"
)

// Client is a connection to the service. It may be used by several goroutines;
// one call waits for the other, and a Watch for as long as it runs.
type Client struct {
	mu     sync.Mutex
	system winscardSystem // nil when closed
}

// Open connects to the service.
func Open(ctx context.Context) (*Client, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s, err := establish()
	if err != nil {
		return nil, err
	}
	return &Client{system: s}, nil
}

// Close ends the connection.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.system != nil {
		c.system.release()
		c.system = nil
	}
	return nil
}

// Readers returns the readers as they are.
func (c *Client) Readers(ctx context.Context) ([]Reader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.system == nil:
		return nil, ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	states, err := winscardSnapshot(c.system)
	if err != nil {
		return nil, err
	}
	return winscardReaders(states), nil
}

// Watch calls f with the readers as they are and then after every change, until
// ctx ends or the service does, and returns the reason.
func (c *Client) Watch(ctx context.Context, f func([]Reader)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.system == nil {
		return ErrClosed
	}
	return winscardWatch(ctx, c.system, f)
}
