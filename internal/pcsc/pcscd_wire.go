//go:build !windows && !darwin

package pcsc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Messages of pcscd's socket: a request is its length and command, then a body;
// an answer is the body alone. Numbers are 32 bits in the host's order.
const (
	commandEstablish = 0x01
	commandRelease   = 0x02
	commandVersion   = 0x11
	commandState     = 0x12
	commandWait      = 0x13
	commandStop      = 0x14

	headerSize    = 8
	versionSize   = 12 // major, minor, result
	establishSize = 12 // scope, context, result
	releaseSize   = 8  // context, result
	waitSize      = 8  // time-out, result: an event, or the answer to commandStop
)

// The table of readers: always all of its places, unused ones without a name.
const (
	readerNameSize = 128
	atrMax         = 33
	readerSize     = readerNameSize + 4 + 4 + 4 + atrMax + 3 + 4 + 4
	readersMax     = 16
	tableSize      = readerSize * readersMax

	eventAt     = readerNameSize
	stateAt     = eventAt + 4
	atrAt       = stateAt + 8
	atrLengthAt = atrAt + atrMax + 3
)

const statePresent = 0x04 // of the daemon itself, other than SCARD_STATE_PRESENT

var host = binary.NativeEndian

func request(command uint32, body ...uint32) []byte {
	b := make([]byte, 0, headerSize+4*len(body))
	b = host.AppendUint32(b, uint32(4*len(body)))
	b = host.AppendUint32(b, command)
	for _, n := range body {
		b = host.AppendUint32(b, n)
	}
	return b
}

// parseTable reads the table of readers.
func parseTable(table []byte) ([]Reader, error) {
	if len(table) != tableSize {
		return nil, fmt.Errorf("%w: %d octets of readers, want %d", ErrProtocol, len(table), tableSize)
	}
	var readers []Reader
	for ; len(table) > 0; table = table[readerSize:] {
		name, _, ended := bytes.Cut(table[:readerNameSize], []byte{0})
		if !ended {
			return nil, fmt.Errorf("%w: name of a reader has no end", ErrProtocol)
		}
		if len(name) == 0 {
			continue
		}
		r := Reader{
			Name:    strings.ToValidUTF8(string(name), "\uFFFD"),
			Present: host.Uint32(table[stateAt:])&statePresent != 0,
			Event:   host.Uint32(table[eventAt:]),
		}
		n := host.Uint32(table[atrLengthAt:])
		if n > atrMax {
			return nil, fmt.Errorf("%w: ATR of %d octets", ErrProtocol, n)
		}
		if r.Present && n > 0 {
			r.ATR = bytes.Clone(table[atrAt : atrAt+int(n)])
		}
		readers = append(readers, r)
	}
	return readers, nil
}

// Results of the service that mean something to us.
const (
	resultCancelled = 0x80100002
	resultNoService = 0x8010001D
	resultStopped   = 0x8010001E // also: another version of the protocol
	resultSecurity  = 0x8010006A // turned away by a policy
)

func resultError(what string, code uint32) error {
	switch code {
	case 0:
		return nil
	case resultNoService, resultStopped:
		return fmt.Errorf("%w: %s", ErrNoService, what)
	case resultSecurity:
		return fmt.Errorf("%w: %s", ErrRefused, what)
	}
	return fmt.Errorf("%w: %s: %08X", ErrProtocol, what, code)
}
