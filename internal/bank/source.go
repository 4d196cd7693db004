package bank

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"kopiyka/internal/fault"
)

// file is what was learnt of a file before it is parsed.
type file struct {
	format Format
	sha256 [32]byte
	bytes  int64
	utf8   bool // all of it; else it is in windows-1251, or in what its XML declares
}

// sniff reads a file once from end to end: its hash, its length, its encoding and its form.
func sniff(r io.Reader) (file, error) {
	f := file{utf8: true}
	hash := sha256.New()
	var head, tail []byte
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		chunk := buffer[:n]
		if f.bytes += int64(n); f.bytes > MaxFile {
			return f, fault.In("file", "bank.file.too_large", MaxFile>>20)
		}
		_, _ = hash.Write(chunk) // a hash takes everything
		if len(head) < 4096 {
			head = append(head, chunk[:min(n, 4096-len(head))]...)
		}
		if f.utf8 {
			tail, f.utf8 = readable(append(tail, chunk...))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, err
		}
	}
	f.utf8 = f.utf8 && len(tail) == 0
	f.sha256 = [32]byte(hash.Sum(nil))
	var err error
	f.format, err = formOf(head, f.bytes)
	return f, err
}

// readable reports whether text is UTF-8 so far, and returns what may be the beginning of a
// sign at its end.
func readable(text []byte) ([]byte, bool) {
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			if !utf8.FullRune(text) {
				return bytes.Clone(text), true
			}
			return nil, false
		}
		text = text[size:]
	}
	return nil, true
}

var utf8Mark = []byte("\xef\xbb\xbf")

// formOf tells the form of a file by its beginning.
func formOf(head []byte, length int64) (Format, error) {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.HasPrefix(head, []byte("<\x00")) {
		return "", fault.In("file", "bank.file.encoding", "UTF-16")
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(head, utf8Mark))
	switch {
	case len(text) == 0 && length <= int64(len(head)):
		return "", fault.In("file", "bank.file.empty")
	case bytes.HasPrefix(text, []byte("PK\x03\x04")), bytes.HasPrefix(text, []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(text, []byte("%PDF")):
		return "", fault.In("file", "bank.file.unknown_format")
	case bytes.HasPrefix(text, []byte("<")):
		return Camt053, nil
	case bytes.HasPrefix(text, []byte("{1:")), bytes.HasPrefix(text, []byte(":20:")), bytes.Contains(text, []byte("\n:20:")), bytes.Contains(text, []byte("\n:25:")):
		return MT940, nil
	case bytes.ContainsAny(text, ";,\t"):
		return CSV, nil
	}
	return "", fault.In("file", "bank.file.unknown_format")
}

// plain is a file of text as UTF-8 without its mark. What is no UTF-8 is windows-1251, the
// encoding of Ukrainian banks' older programs.
func (f file) plain(r io.Reader) io.Reader {
	if !f.utf8 {
		return charmap.Windows1251.NewDecoder().Reader(r)
	}
	b := bufio.NewReader(r)
	if mark, err := b.Peek(len(utf8Mark)); err == nil && bytes.Equal(mark, utf8Mark) {
		_, _ = b.Discard(len(utf8Mark)) // they were just seen
	}
	return b
}

// charset decodes what an XML file declares.
func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return input, nil
	case "windows-1251", "cp1251":
		return charmap.Windows1251.NewDecoder().Reader(input), nil
	case "iso-8859-1", "latin1", "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, fault.In("file", "bank.file.encoding", clean(label))
}

// errTooMuch tells that one entry of a file is larger than any can be.
var errTooMuch = errors.New("bank: too much for one entry")

// ration hands out so many bytes, until it is filled up again. Whoever parses entry by entry
// fills it at each one, and so never holds more than one entry's worth.
type ration struct {
	r    *bufio.Reader
	left int
	err  error // of the file itself, when it could not be read
}

func newRation(r io.Reader) *ration { return &ration{r: bufio.NewReader(r), left: maxEntry} }

func (r *ration) refill() { r.left = maxEntry }

func (r *ration) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooMuch
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, r.keep(err)
}

// ReadByte spares the XML decoder a buffer of its own, which would read ahead.
func (r *ration) ReadByte() (byte, error) {
	if r.left <= 0 {
		return 0, errTooMuch
	}
	r.left--
	b, err := r.r.ReadByte()
	return b, r.keep(err)
}

func (r *ration) keep(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return err
}
