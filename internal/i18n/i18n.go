// Package i18n is what the program says in Ukrainian and in English: sentences from the
// catalogues, plural forms by CLDR, and numbers, money and dates as each language writes
// them. It never decides which language a visitor gets beyond Match, and it marks no text
// as safe HTML: a template escapes what comes from here like everything else.
package i18n

import (
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Lang is a language that every page is written in.
type Lang string

// The languages of the house. Ukrainian comes first and is the default.
const (
	UK Lang = "uk"
	EN Lang = "en"
)

// Langs lists the languages in the order of the language switch.
func Langs() []Lang { return []Lang{UK, EN} }

// Parse reads a language as it stands in an address or a cookie: "uk" or "en".
func Parse(s string) (Lang, bool) {
	l := Lang(s)
	return l, slices.Contains(Langs(), l)
}

var matcher = language.NewMatcher([]language.Tag{language.Ukrainian, language.English})

// Match picks the language for an Accept-Language header. Whatever asks for neither
// language, or for nothing that can be read, gets Ukrainian.
func Match(acceptLanguage string) Lang {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return UK
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return UK
	}
	return Langs()[i]
}

// Name is the language's own name, for the switch.
func (l Lang) Name() string {
	if l == EN {
		return "English"
	}
	return "Українська"
}

//go:embed catalogue/*.toml
var catalogues embed.FS

// localizers hold one bundle per language, so that a sentence missing in one is never
// quietly taken from the other.
var localizers = load()

func load() map[Lang]*i18n.Localizer {
	all := map[Lang]*i18n.Localizer{}
	for _, l := range Langs() {
		b := i18n.NewBundle(language.MustParse(string(l)))
		b.RegisterUnmarshalFunc("toml", toml.Unmarshal)
		for _, name := range files(l) {
			if _, err := b.LoadMessageFileFS(catalogues, name); err != nil {
				// The files are compiled in and read by every test, so this is a broken build.
				panic(fmt.Sprintf("i18n: %s: %v", name, err))
			}
		}
		all[l] = i18n.NewLocalizer(b, string(l))
	}
	return all
}

// files are the catalogue's files in one language. The library reads the language from the
// end of a file's name.
func files(l Lang) []string {
	entries, err := catalogues.ReadDir("catalogue")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "."+string(l)+".toml") {
			names = append(names, path.Join("catalogue", e.Name()))
		}
	}
	return names
}

// ErrMissing tells that a catalogue has no such message, and ErrArguments that a message
// asks for more arguments than it was given.
var (
	ErrMissing   = errors.New("no such message")
	ErrArguments = errors.New("too few arguments")
)

// Text is the message of key with {{.A}}, {{.B}} … replaced by the arguments in order.
// Amounts, whole numbers and times among them are written as the language writes them.
// It returns ErrMissing for an unknown key, beside the key itself, and ErrArguments when
// some are missing, beside the message with gaps.
func (l Lang) Text(key string, args ...any) (string, error) {
	return l.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: l.data(args)})
}

// Plural is Text for a message that counts: {{.N}} is n, and n picks the form.
func (l Lang) Plural(key string, n int64, args ...any) (string, error) {
	data := l.data(args)
	data["N"] = l.Number(n)
	return l.localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: n, TemplateData: data})
}

// T is Text for a page: a missing message shows as its key, a missing argument
// as …, and either is logged once.
func (l Lang) T(key string, args ...any) string {
	s, err := l.Text(key, args...)
	l.note(key, err)
	return s
}

// N is Plural for a page: a missing message shows as its key and is logged once.
func (l Lang) N(key string, n int64, args ...any) string {
	s, err := l.Plural(key, n, args...)
	l.note(key, err)
	return s
}

// Fault is the sentence of a fault.
func (l Lang) Fault(f *fault.Fault) string { return l.T(FaultKey(f), f.Args...) }

// FaultKey is where the catalogues keep the sentence of a fault.
func FaultKey(f *fault.Fault) string { return "fault." + f.Key }

func (l Lang) localize(c *i18n.LocalizeConfig) (string, error) {
	loc, ok := localizers[l]
	if !ok {
		return c.MessageID, fmt.Errorf("%w: language %q", ErrMissing, l)
	}
	s, err := loc.Localize(c)
	var missing *i18n.MessageNotFoundErr
	switch {
	case errors.As(err, &missing):
		return c.MessageID, fmt.Errorf("%w: %q in %q", ErrMissing, c.MessageID, l)
	case err != nil:
		return c.MessageID, fmt.Errorf("message %q in %q: %w", c.MessageID, l, err)
	case strings.Contains(s, noValue):
		return strings.ReplaceAll(s, noValue, "…"), fmt.Errorf("message %q in %q: %w", c.MessageID, l, ErrArguments)
	}
	return strings.ReplaceAll(s, " – ", dash), nil
}

// noValue is what text/template writes for an argument that was not given.
const noValue = "<no value>"

var noted sync.Map // Lang + key → struct{}

func (l Lang) note(key string, err error) {
	if err == nil {
		return
	}
	if _, before := noted.LoadOrStore(string(l)+" "+key, struct{}{}); !before {
		slog.Error("message cannot be shown", "lang", string(l), "key", key, "err", err)
	}
}

func (l Lang) data(args []any) map[string]any {
	data := make(map[string]any, len(args)+1)
	for i, a := range args {
		data[string(rune('A'+i))] = l.written(a)
	}
	return data
}

// written is an argument as the language writes it. A time in a sentence is a date: who
// wants the hour says so with DateTime.
func (l Lang) written(a any) any {
	switch v := a.(type) {
	case money.Amount:
		return l.Money(v)
	case time.Time:
		return l.Date(v)
	case interface{ Decimal() string }:
		return l.Decimal(v.Decimal())
	case int:
		return l.Number(int64(v))
	case int64:
		return l.Number(v)
	}
	return a
}
