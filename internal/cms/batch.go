package cms

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tanba/internal/pki"
	"tanba/internal/streebog"
)

// A Batch is the signatures of many documents with one key at one time. It
// holds nothing of a document but its digest and signature: the containers are
// put together when they are written (Pieces, Append), from the document where
// it lies. Nothing can go wrong then, so a caller may make all signatures first
// and begin to write after that.
//
// Sign may be called from several goroutines for different documents. The
// documents must stay as they are until the last use of the Batch.
type Batch struct {
	signer     *Signer
	layout     *layout
	options    Options
	documents  [][]byte // nil when only their digests are known
	n          int
	info       []byte // SignerInfo with the time, without digest and signature
	digests    []byte // n times layout.digestLen
	signatures []byte // n times layout.signatureLen

	// Digest, if not nil, returns the digest of a document when it has been
	// computed before, else nil. It is called by Sign.
	Digest func(i int) []byte
}

// group is how many documents are prepared, then signed, together.
const group = 64

// NewBatch returns a Batch that signs the documents.
func (s *Signer) NewBatch(documents [][]byte, o Options) (*Batch, error) {
	b, err := s.newBatch(len(documents), s.family.HashSize(), o)
	if err != nil {
		return nil, err
	}
	b.documents = documents
	return b, nil
}

// NewDigestBatch returns a Batch of detached signatures over digests, as
// SignDigest makes them. They must be of one length.
func (s *Signer) NewDigestBatch(digests [][]byte, o Options) (*Batch, error) {
	if len(digests) == 0 || len(digests[0]) == 0 {
		return nil, ErrContentMissing
	}
	o.Detached = true
	b, err := s.newBatch(len(digests), len(digests[0]), o)
	if err != nil {
		return nil, err
	}
	for i, d := range digests {
		if copy(b.digest(i), d) != len(d) || len(d) != b.layout.digestLen {
			return nil, fmt.Errorf("cms: digests of %d and %d octets in one batch", b.layout.digestLen, len(d))
		}
	}
	return b, nil
}

func (s *Signer) newBatch(n, digestLen int, o Options) (*Batch, error) {
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	l, when, err := s.layoutFor(o, digestLen)
	if err != nil {
		return nil, err
	}
	_, format := timeForm(when)
	info := slices.Clone(l.info)
	when.AppendFormat(info[l.time:l.time], format)
	return &Batch{
		signer: s, layout: l, options: o, n: n, info: info,
		digests: make([]byte, n*digestLen), signatures: make([]byte, n*l.signatureLen),
	}, nil
}

func (b *Batch) digest(i int) []byte {
	n := b.layout.digestLen
	return b.digests[i*n : (i+1)*n : (i+1)*n]
}

func (b *Batch) signature(i int) []byte {
	n := b.layout.signatureLen
	return b.signatures[i*n : (i+1)*n : (i+1)*n]
}

// batchScratch is what a group needs while it is being signed.
type batchScratch struct {
	scratch
	messages   [group][]byte
	at         [group]int
	sums       [group][streebog.Size512]byte
	attributes []byte // of the whole group, with the universal tag
	hashed     []byte // the hashes of the attributes, one after the other
}

// Sign makes the signatures of documents first … last-1. When ctx ends it
// returns its cause: nothing is signed after that, and hashing ends soon. On an
// error some of the signatures may have been made.
func (b *Batch) Sign(ctx context.Context, first, last int) error {
	sc, _ := b.signer.batches.Get().(*batchScratch)
	if sc == nil {
		sc = &batchScratch{scratch: scratch{hash: b.signer.family.NewHash()}}
	}
	defer b.signer.batches.Put(sc)
	for ; first < last; first += group {
		if err := b.sign(ctx, first, min(first+group, last), sc); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) sign(ctx context.Context, first, last int, sc *batchScratch) error {
	if b.documents != nil {
		b.hash(ctx, first, last, sc)
	}
	l, n := b.layout, last-first
	size := l.attrsEnd - l.attrs
	sc.attributes = sc.attributes[:0]
	for i := first; i < last; i++ {
		sc.attributes = append(sc.attributes, b.info[l.attrs:l.attrsEnd]...)
		attributes := sc.attributes[len(sc.attributes)-size:]
		attributes[0] = tagSet // RFC 5652 section 5.4
		copy(attributes[l.digest-l.attrs:], b.digest(i))
	}
	for i := range n {
		sc.messages[i] = sc.attributes[i*size : (i+1)*size]
	}
	b.sums(n, sc)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sc.hashed = sc.hashed[:0]
	hashLen := b.signer.family.HashSize()
	for i := range n {
		sc.hashed = append(sc.hashed, sc.sums[i][:hashLen]...)
	}
	if b.signer.batcher == nil {
		for i := range n {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := b.signOne(first+i, sc.hashed[i*hashLen:(i+1)*hashLen]); err != nil {
				return err
			}
		}
		return nil
	}
	signatures := b.signatures[first*l.signatureLen : last*l.signatureLen : last*l.signatureLen]
	out, err := b.signer.batcher.SignBatch(nil, signatures[:0], sc.hashed)
	if err := b.take(signatures, out, err); err != nil {
		return err
	}
	for i := range n {
		if err := b.check(first+i, sc.hashed[i*hashLen:(i+1)*hashLen]); err != nil {
			return err
		}
	}
	return nil
}

// take puts what the key gave where the signatures belong.
func (b *Batch) take(signatures, out []byte, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("cms: signing: %w", err)
	case len(out) != len(signatures):
		return fmt.Errorf("%w: the key gave %d octets, want %d", ErrSignature, len(out), len(signatures))
	}
	copy(signatures, out)
	return nil
}

// check verifies a signature if that is asked for.
func (b *Batch) check(i int, hashed []byte) error {
	if !b.options.VerifyAfter {
		return nil
	}
	if err := b.signer.public.VerifyDigest(hashed, b.signature(i)); err != nil {
		return fmt.Errorf("%w: what the key returned: %w", ErrSignature, err)
	}
	return nil
}

// hash fills in the digests of documents first … last-1, unless ctx ends.
func (b *Batch) hash(ctx context.Context, first, last int, sc *batchScratch) {
	n := 0
	for i := first; i < last; i++ {
		if b.Digest != nil {
			if known := b.Digest(i); known != nil {
				copy(b.digest(i), known)
				continue
			}
		}
		if len(b.documents[i]) > longDocument {
			b.hashLong(ctx, i, sc)
			continue
		}
		sc.messages[n], sc.at[n] = b.documents[i], i
		n++
	}
	b.sums(n, sc)
	for i, at := range sc.at[:n] {
		copy(b.digest(at), sc.sums[i][:])
	}
	clear(sc.messages[:n])
}

// longDocument is a document that takes milliseconds to hash.
const longDocument = 1 << 20

// hashLong looks at ctx now and then.
func (b *Batch) hashLong(ctx context.Context, i int, sc *batchScratch) {
	sc.hash.Reset()
	for rest := b.documents[i]; len(rest) > 0 && ctx.Err() == nil; {
		n := min(len(rest), longDocument)
		sc.hash.Write(rest[:n])
		rest = rest[n:]
	}
	sc.hash.Sum(b.digest(i)[:0])
}

// sums hashes n messages, two at a time where that is faster.
func (b *Batch) sums(n int, sc *batchScratch) {
	if b.signer.family == pki.GOST512 {
		streebog.Sum512Each(sc.sums[:n], sc.messages[:n])
		return
	}
	for i, m := range sc.messages[:n] {
		sc.hash.Reset()
		sc.hash.Write(m)
		sc.hash.Sum(sc.sums[i][:0])
	}
}

func (b *Batch) signOne(i int, hashed []byte) error {
	signature := b.signature(i)
	var out []byte
	var err error
	if s := b.signer; s.appender != nil {
		out, err = s.appender.AppendSignature(signature[:0], hashed)
	} else {
		out, err = pki.SignDigest(s.key, nil, hashed)
	}
	if err := b.take(signature, out, err); err != nil {
		return err
	}
	return b.check(i, hashed)
}

// Len is the number of documents.
func (b *Batch) Len() int { return b.n }

// content is the length of what goes inside, or -1.
func (b *Batch) content(i int) int {
	if b.options.Detached {
		return -1
	}
	return len(b.documents[i])
}

// Size is the length of the SignedData of document i.
func (b *Batch) Size(i int) int {
	total, _, _, _, _ := b.layout.sizes(b.content(i))
	return total
}

// Pieces appends the SignedData of document i, whose signature has been made,
// as pieces: views of the document and of the Batch, and what is its own, which
// is written behind scratch.
func (b *Batch) Pieces(pieces [][]byte, scratch []byte, i int) ([][]byte, []byte) {
	l := b.layout
	const headers = 128 // more than all headers of a container
	scratch = slices.Grow(scratch, headers+len(b.info)+l.signatureLen)
	n, start := b.content(i), len(scratch)
	scratch = l.appendHead(scratch, n)
	pieces = append(pieces, scratch[start:])
	if n > 0 {
		pieces = append(pieces, b.documents[i])
	}
	pieces = append(pieces, l.certs)

	start = len(scratch)
	scratch = appendHeader(scratch, tagSet, len(b.info)+l.signatureLen)
	at := len(scratch)
	scratch = append(scratch, b.info...)
	copy(scratch[at+l.digest:], b.digest(i))
	scratch = append(scratch, b.signature(i)...)
	return append(pieces, scratch[start:]), scratch
}

// Append appends the SignedData of document i to dst.
func (b *Batch) Append(dst []byte, i int) []byte {
	dst = slices.Grow(dst, b.Size(i))
	pieces, _ := b.Pieces(make([][]byte, 0, 4), nil, i)
	for _, p := range pieces {
		dst = append(dst, p...)
	}
	return dst
}
