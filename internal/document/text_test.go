package document_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

var (
	stream = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	shown  = regexp.MustCompile(`(?s)\(((?:\\.|[^\\()])*)\) ?Tj|(ET)`)
)

// textOf reads what a PDF of ours says, without a PDF reader: the text of each page as one
// line of words. Spaces that do not break are told as spaces.
func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	var all strings.Builder
	for _, m := range stream.FindAllSubmatch(pdf, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // a font, or something else that is no page
		}
		page, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(page, []byte(" Tf ET")) && !bytes.Contains(page, []byte("Tj")) {
			continue
		}
		for _, s := range shown.FindAllSubmatch(page, -1) {
			if len(s[2]) == 0 {
				all.WriteString(decode(s[1]))
			}
			all.WriteByte(' ')
		}
	}
	said := strings.Join(strings.FieldsFunc(all.String(), func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\n' }), " ")
	if said == "" {
		t.Fatal("the document says nothing, or this test cannot read it")
	}
	return said
}

// decode undoes a PDF string: escapes, then UTF-16.
func decode(raw []byte) string {
	var plain []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) {
			i++
			switch raw[i] {
			case 'r':
				plain = append(plain, '\r')
				continue
			case 'n':
				plain = append(plain, '\n')
				continue
			}
		}
		plain = append(plain, raw[i])
	}
	units := make([]uint16, len(plain)/2)
	for i := range units {
		units[i] = uint16(plain[2*i])<<8 | uint16(plain[2*i+1])
	}
	return string(utf16.Decode(units))
}
