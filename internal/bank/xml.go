package bank

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"kopiyka/internal/fault"
)

// elements walks through an XML file, one element after the other. Names count without their
// namespace, which changes with each version of a message. A file cannot make it grow: no
// document type, so no entities of its own; no element deeper or longer than one can be.
type elements struct {
	raw    *xml.Decoder
	tokens *xml.Decoder
	ration *ration
	depth  int
}

var (
	errDirective = errors.New("bank: a document type")
	errTooDeep   = errors.New("bank: too deep")
)

func newElements(from io.Reader) *elements {
	x := &elements{ration: newRation(from)}
	x.raw = xml.NewDecoder(x.ration)
	x.raw.CharsetReader = charset
	x.tokens = xml.NewTokenDecoder(x)
	return x
}

// Token is what the decoder of structs draws from.
func (x *elements) Token() (xml.Token, error) {
	t, err := x.raw.RawToken()
	switch t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxDepth {
			return nil, errTooDeep
		}
	case xml.EndElement:
		x.depth--
	case xml.Directive:
		return nil, errDirective
	}
	return t, err
}

// line is where the file is read now.
func (x *elements) line() int {
	line, _ := x.raw.InputPos()
	return line
}

// root goes to the first element, and tells when there is none.
func (x *elements) root() (xml.StartElement, error) {
	for {
		t, err := x.tokens.Token()
		if err != nil {
			return xml.StartElement{}, x.wrong(err)
		}
		if start, ok := t.(xml.StartElement); ok {
			return start, nil
		}
	}
}

// children hands over each child of the element that was begun last. What it hands over
// must be read to its end: by decode, by skip or by children.
func (x *elements) children(each func(start xml.StartElement) error) error {
	for {
		x.ration.refill()
		t, err := x.tokens.Token()
		if err != nil {
			return x.wrong(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := each(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// decode reads an element whole. It may be as long as one entry, and no longer.
func (x *elements) decode(into any, start xml.StartElement) error {
	return x.wrong(x.tokens.DecodeElement(into, &start))
}

// skip passes over an element, of any length.
func (x *elements) skip() error {
	return x.children(func(xml.StartElement) error { return x.skip() })
}

// rest sees to it that nothing follows the root.
func (x *elements) rest() error {
	for {
		x.ration.refill()
		t, err := x.tokens.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return x.wrong(err)
		}
		if start, ok := t.(xml.StartElement); ok {
			return fault.In("file", "bank.xml.broken", x.line(), "<"+clean(start.Name.Local)+">")
		}
	}
}

// wrong says kindly, and with the line, what the decoder found.
func (x *elements) wrong(err error) error {
	if err == nil {
		return nil
	}
	if _, told := fault.As(err); told {
		return err
	}
	at := x.line()
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errTooMuch):
		return fault.In("file", "bank.file.entry_too_large", at)
	case errors.Is(err, errDirective):
		return fault.In("file", "bank.xml.doctype", at)
	case errors.Is(err, errTooDeep):
		return fault.In("file", "bank.xml.too_deep", at)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.In("file", "bank.file.truncated", at)
	case errors.As(err, &syntax):
		switch {
		case strings.Contains(syntax.Msg, "unexpected EOF"):
			return fault.In("file", "bank.file.truncated", at)
		case strings.Contains(syntax.Msg, "UTF-8"):
			return fault.In("file", "bank.file.bytes", at)
		case strings.Contains(syntax.Msg, "entity"):
			return fault.In("file", "bank.xml.entity", at)
		}
		return fault.In("file", "bank.xml.broken", at, clean(syntax.Msg))
	case x.ration.err != nil:
		return x.ration.err
	}
	return fault.In("file", "bank.xml.broken", at, clean(err.Error()))
}
