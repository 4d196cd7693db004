package bank

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// identities tells lines of a file apart, so that the same line of another file is known
// again. A line is the bank's reference with its day and amount (a payment and its fee may
// share a reference), or without one all that it says. Of equal lines the second is another
// line than the first, in every file: files are cut between days, or their lines carry
// references.
type identities map[[sha256.Size]byte]uint32

func (seen identities) of(l Line) []byte {
	h := sha256.New()
	write := func(texts ...string) {
		for _, t := range texts {
			var n [8]byte
			binary.BigEndian.PutUint64(n[:], uint64(len(t)))
			_, _ = h.Write(n[:]) // a hash takes everything
			_, _ = h.Write([]byte(t))
		}
	}
	write(l.BookedOn.Format(time.DateOnly))
	_ = binary.Write(h, binary.BigEndian, l.Minor)
	if l.Reference != "" {
		write("reference", l.Reference)
	} else {
		write("words", l.EndToEnd, l.Party, l.PartyIBAN, l.PartyID, l.Details)
	}
	base := [sha256.Size]byte(h.Sum(nil))
	seen[base]++
	_ = binary.Write(h, binary.BigEndian, seen[base])
	return h.Sum(nil)
}
