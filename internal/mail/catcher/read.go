package catcher

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Letter is a letter as a mail program shows it.
type Letter struct {
	ID            string // its Message-ID, without brackets
	From, Subject string
	To            []string
	Date          time.Time
	Header        mail.Header
	Text, HTML    string
	Files         []File
	Raw           []byte
}

// File is what was attached.
type File struct {
	Name, Type string
	Body       []byte
}

var words = new(mime.WordDecoder)

// read takes a letter apart.
func read(raw []byte) (Letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Letter{}, fmt.Errorf("read the head: %w", err)
	}
	l := Letter{Header: m.Header, Raw: raw, ID: strings.Trim(m.Header.Get("Message-ID"), "<>")}
	if l.Subject, err = words.DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, fmt.Errorf("read the subject: %w", err)
	}
	if l.From, err = words.DecodeHeader(m.Header.Get("From")); err != nil {
		return l, fmt.Errorf("read the sender: %w", err)
	}
	if l.Date, err = m.Header.Date(); err != nil {
		return l, fmt.Errorf("read the date: %w", err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil {
		return l, fmt.Errorf("read the reader's address: %w", err)
	}
	for _, a := range to {
		l.To = append(l.To, a.Address)
	}
	return l, l.part(map[string][]string(m.Header), m.Body, 0)
}

// mostDepth bounds parts within parts.
const mostDepth = 5

// part reads a part, or the parts of it.
func (l *Letter) part(header map[string][]string, body io.Reader, depth int) error {
	first := func(name string) string {
		if v := header[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	kind, params, err := mime.ParseMediaType(first("Content-Type"))
	if err != nil {
		return fmt.Errorf("read the kind of a part: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		if depth == mostDepth {
			return errors.New("parts within parts within parts")
		}
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read a part: %w", err)
			}
			if err := l.part(map[string][]string(p.Header), p, depth+1); err != nil {
				return err
			}
		}
	}
	content, err := io.ReadAll(decoded(first("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	disposition, names, _ := mime.ParseMediaType(first("Content-Disposition")) // none is an ordinary part
	switch {
	case disposition == "attachment":
		l.Files = append(l.Files, File{fileName(names["filename"]), kind, content})
	case kind == "text/plain":
		l.Text += strings.ReplaceAll(string(content), "\r\n", "\n")
	case kind == "text/html":
		l.HTML += string(content)
	}
	return nil
}

func fileName(s string) string {
	if name, err := words.DecodeHeader(s); err == nil {
		s = name
	}
	if s == "" {
		return "file"
	}
	return s
}

func decoded(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	}
	return r
}
