package pkcs11

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"tanba/internal/state"
)

// order is how a module writes a GOST signature and reads the digest (tokens.md
// 4.3). PKCS#11 says sRBig with the digest as it is; below it vendors differ.
type order byte

const (
	sRBig    order = iota // s‖r, each big-endian: the national order reversed as a whole
	rSBig                 // r‖s, big-endian
	rSLittle              // r‖s, little-endian: the national order itself
	sRLittle              // s‖r, little-endian
	reversed order = 4    // and the digest is read the other way round
	orders   order = 8
)

// digest is what the module gets.
func (o order) digest(national []byte) []byte {
	if o&reversed == 0 {
		return national
	}
	d := slices.Clone(national)
	slices.Reverse(d)
	return d
}

// signature turns what the module gave into r‖s, each little-endian.
func (o order) signature(octets []byte) []byte {
	half := len(octets) / 2
	a, b := slices.Clone(octets[:half]), slices.Clone(octets[half:])
	switch o &^ reversed {
	case sRBig:
		slices.Reverse(a)
		slices.Reverse(b)
		return append(b, a...)
	case rSBig:
		slices.Reverse(a)
		slices.Reverse(b)
		return append(a, b...)
	case sRLittle:
		return append(b, a...)
	}
	return append(a, b...)
}

// ordersFile is kept in the state directory: a hint that saves the search, and
// nothing depends on its being true.
const ordersFile = "token-orders.json"

// orderBook remembers the order of each module version and token model.
type orderBook struct {
	dir state.Dir

	mu    sync.Mutex
	read  bool
	known map[string]order
}

type ordersOnDisk struct {
	Version int              `json:"version"`
	Orders  map[string]order `json:"orders"`
}

func orderKey(path, version, model string, family int) string {
	return fmt.Sprintf("%s|%s|%s|%d", path, version, model, family)
}

func (b *orderBook) get(key string) (order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.load()
	o, ok := b.known[key]
	return o, ok
}

func (b *orderBook) load() {
	if b.read {
		return
	}
	b.read, b.known = true, map[string]order{}
	if b.dir == "" {
		return
	}
	data, err := b.dir.Read(ordersFile)
	if err != nil {
		return // the first time, or it will be found again
	}
	var disk ordersOnDisk
	const most = 1000
	if json.Unmarshal(data, &disk) != nil || disk.Version != 1 || len(disk.Orders) > most {
		return
	}
	for k, o := range disk.Orders {
		if o < orders {
			b.known[k] = o
		}
	}
}

// put remembers; an error means only that the search is made again after the
// next start.
func (b *orderBook) put(key string, o order) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.load()
	if old, ok := b.known[key]; ok && old == o {
		return nil
	}
	b.known[key] = o
	if b.dir == "" {
		return nil
	}
	if err := b.dir.Create(); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	data, err := json.MarshalIndent(ordersOnDisk{1, b.known}, "", "  ")
	if err != nil {
		return fmt.Errorf("pkcs11: %w", err)
	}
	return b.dir.Write(append(data, '\n'), ordersFile)
}
