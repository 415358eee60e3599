package testpcsc

import (
	"encoding/binary"
	"io"
	"net"
)

// card answers what vpcd asks, until the connection ends: frames of a two-octet
// length, in which one octet is a word to the card and more are a command.
func card(c net.Conn, atr []byte) {
	defer c.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, message); err != nil {
			return
		}
		var answer []byte
		const sendATR = 4 // 0 off, 1 on, 2 reset
		switch {
		case len(message) > 1:
			answer = []byte{0x63, 0xC9} // nine tries left, whatever was asked
		case len(message) == 1 && message[0] == sendATR:
			answer = atr
		default:
			continue
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}
