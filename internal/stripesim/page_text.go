package stripesim

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	iso "github.com/bojanz/currency"
)

//go:embed page
var pageFiles embed.FS

// tongue is a language of the hosted page: its texts, its pages and its money.
type tongue struct {
	tag   string
	texts map[string]string
	pages map[string]*template.Template
	money *iso.Formatter
}

// tongues are made once: they are the same for every sandbox of a process.
var tongues = map[string]*tongue{"uk": mustSpeak("uk"), "en": mustSpeak("en")}

func mustSpeak(tag string) *tongue {
	l := &tongue{tag: tag, texts: map[string]string{}, pages: map[string]*template.Template{}, money: iso.NewFormatter(iso.NewLocale(tag))}
	l.money.SymbolMap["UAH"] = "₴"
	raw, err := pageFiles.ReadFile("page/" + tag + ".toml")
	if err != nil {
		panic(err) // the file is embedded
	}
	var tree map[string]any
	if _, err := toml.NewDecoder(bytes.NewReader(raw)).Decode(&tree); err != nil {
		panic(fmt.Sprintf("stripesim: page/%s.toml: %v", tag, err))
	}
	flatten(l.texts, "", tree)
	for _, name := range []string{"till", "note", "transfer", "desk", "payment"} {
		l.pages[name] = template.Must(template.New(name).Funcs(template.FuncMap{"t": l.say}).
			ParseFS(pageFiles, "page/layout.html", "page/sum.html", "page/field.html", "page/parts.html", "page/"+name+".html"))
	}
	return l
}

func flatten(into map[string]string, path string, tree map[string]any) {
	for key, v := range tree {
		switch v := v.(type) {
		case string:
			into[path+key] = v
		case map[string]any:
			flatten(into, path+key+".", v)
		}
	}
}

// say gives a text. A key that is missing is an error of ours, and a loud one.
func (l *tongue) say(key string, args ...any) (string, error) {
	text, ok := l.texts[key]
	if !ok {
		return "", fmt.Errorf("the sandbox's pages have no text %q in %s", key, l.tag)
	}
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	return text, nil
}

// text is say for keys that Go names; TestTexts knows them all.
func (l *tongue) text(key string, args ...any) string {
	s, err := l.say(key, args...)
	if err != nil {
		panic(err)
	}
	return s
}

// speak chooses a language: asked for in the address, else by the session's locale,
// else as the merchant noted in the session's metadata (Stripe's Checkout knows no
// Ukrainian, so its locale cannot say uk), else the browser's, else Ukrainian.
func speak(r *http.Request, b bill) *tongue {
	if l, ok := tongues[r.URL.Query().Get("lang")]; ok {
		return l
	}
	if tag, _, _ := strings.Cut(b.Locale, "-"); tongues[tag] != nil {
		return tongues[tag]
	}
	if l, ok := tongues[b.Lang]; ok {
		return l
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(part, ";")
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), "-")
		if l, ok := tongues[strings.ToLower(tag)]; ok {
			return l
		}
	}
	return tongues["uk"]
}

// months of a language, as they stand after a day.
var months = map[string][]string{
	"uk": {"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// date writes the day of a moment of Stripe's, whose days are those of UTC.
func (l *tongue) date(at int64) string {
	t := time.Unix(at, 0).UTC()
	return fmt.Sprintf("%d\u00a0%s\u00a0%d", t.Day(), months[l.tag][t.Month()-1], t.Year())
}

// moment writes a day and the time on it.
func (l *tongue) moment(at int64) string {
	return l.date(at) + ", " + time.Unix(at, 0).UTC().Format("15:04") + "\u00a0UTC"
}

// shownSum is money in three pieces: $1,234 | .56 | nothing, or 1 234 | ,56 | _$.
type shownSum struct{ Major, Minor, Unit string }

func (s shownSum) String() string { return s.Major + s.Minor + s.Unit }

func (l *tongue) sum(minor int64, currency string) shownSum {
	digits := exponent(currency)
	amount, err := iso.NewAmount(plainAmount(minor, currency), strings.ToUpper(currency))
	if err != nil {
		// A currency that checkAmount let in is known to the library.
		panic(fmt.Sprintf("stripesim: show %d %s: %v", minor, currency, err))
	}
	f := *l.money
	f.MinDigits, f.MaxDigits = uint8(digits), uint8(digits)
	whole := strings.ReplaceAll(f.Format(amount), "-", "\u2212")
	if digits == 0 {
		return shownSum{Major: whole}
	}
	point := strings.LastIndexAny(whole, ".,")
	end := point + 1 + digits
	return shownSum{whole[:point], whole[point:end], whole[end:]}
}
