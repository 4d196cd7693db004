package mail

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"
	"unicode"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/templates"
)

// Message is a letter as its reader gets it: the same in two forms.
type Message struct{ Subject, Text, HTML string }

// pieces are what each letter's template defines. Subject, text and why are plain text;
// main is HTML; why says for what reason the reader gets the letter.
var pieces = []string{"subject", "text", "main", "why"}

// ErrNoLetter tells that no template has the name, or that it lacks a piece.
var ErrNoLetter = errors.New("mail: no such letter")

// frame is what surrounds a letter's own pieces.
type frame struct {
	Lang         i18n.Lang
	Subject, Why string
	Unsubscribe  string
	Data         any
	Text         string // in the plain form
}

// Render fills a letter in. A message that the catalogues lack, or that is told too few
// arguments, is an error: a letter that is sent cannot be mended.
func Render(l i18n.Lang, name string, data any, unsubscribe string) (Message, error) {
	all, err := letters()
	if err != nil {
		return Message{}, err
	}
	t, ok := all[letterKey{l, name}]
	if !ok {
		return Message{}, fmt.Errorf("%w: %q in %q", ErrNoLetter, name, l)
	}
	f := frame{Lang: l, Unsubscribe: unsubscribe, Data: data}
	for piece, into := range map[string]*string{"subject": &f.Subject, "why": &f.Why, "text": &f.Text} {
		if *into, err = t.plain(piece, data); err != nil {
			return Message{}, err
		}
	}
	f.Subject = singleLine(f.Subject)
	m := Message{Subject: f.Subject}
	if m.Text, err = t.plain("frame-text", f); err != nil {
		return Message{}, err
	}
	m.Text = strings.TrimSpace(m.Text) + "\n"
	var html bytes.Buffer
	if err := t.html.ExecuteTemplate(&html, "frame", f); err != nil {
		return Message{}, err
	}
	m.HTML = html.String()
	return m, nil
}

func (t letter) plain(piece string, data any) (string, error) {
	var out strings.Builder
	if err := t.text.ExecuteTemplate(&out, piece, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// mostSubject keeps a subject to what mail programs show.
const mostSubject = 200

// singleLine makes one line of a subject: names in it come from people, and a line's end
// would end the header.
func singleLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
	runes := []rune(strings.Join(words, " "))
	if len(runes) > mostSubject {
		return string(runes[:mostSubject-1]) + "…"
	}
	return string(runes)
}

type letterKey struct {
	lang i18n.Lang
	name string
}

// letter is one template twice: as plain text, and as HTML, which escapes what it is told.
type letter struct {
	text *template.Template
	html *htmltemplate.Template
}

var letters = sync.OnceValues(func() (map[letterKey]letter, error) { return parse(templates.Files) })

// Names lists the letters there are, in order.
func Names() ([]string, error) {
	all, err := letters()
	var names []string
	for k := range all {
		if k.lang == i18n.UK {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names, err
}

const frameFile = "mail/frame.html"

func parse(files fs.FS) (map[letterKey]letter, error) {
	all := map[letterKey]letter{}
	names, err := fs.Glob(files, "mail/*.html")
	if err != nil {
		return nil, err
	}
	for _, l := range i18n.Langs() {
		functions := funcs(l)
		for _, file := range names {
			if file == frameFile {
				continue
			}
			var one letter
			if one.text, err = template.New("").Funcs(functions).ParseFS(files, frameFile, file); err != nil {
				return nil, fmt.Errorf("parse %s: %w", file, err)
			}
			if one.html, err = htmltemplate.New("").Funcs(functions).ParseFS(files, frameFile, file); err != nil {
				return nil, fmt.Errorf("parse %s: %w", file, err)
			}
			for _, piece := range pieces {
				if one.text.Lookup(piece) == nil {
					return nil, fmt.Errorf("%w: %s does not define %q", ErrNoLetter, file, piece)
				}
			}
			all[letterKey{l, strings.TrimSuffix(path.Base(file), ".html")}] = one
		}
	}
	return all, nil
}

// funcs are what letters may call: those of pages that need neither assets nor a page.
func funcs(l i18n.Lang) map[string]any {
	return map[string]any{
		"t":         l.Text,
		"tn":        l.Plural,
		"money":     func(a money.Amount) string { return l.Money(a) },
		"number":    l.Number,
		"date":      func(t time.Time) string { return l.Date(t) },
		"datetime":  l.DateTime,
		"daterange": l.DateRange,
	}
}
