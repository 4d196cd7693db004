package catcher

import (
	"bytes"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/templates"
)

// Handler serves the pages: the list, a letter, its HTML in a frame of its own, its files.
func (c *Catcher) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.list)
	mux.HandleFunc("GET /letters/{letter}", c.letter)
	mux.HandleFunc("GET /letters/{letter}/html", c.html)
	mux.HandleFunc("GET /letters/{letter}/files/{file}", c.file)
	if c.o.Codes != nil {
		mux.HandleFunc("GET "+CodesPath, c.codes)
	}
	mux.HandleFunc("GET /assets/app.css", c.stylesheet)
	if c.o.Fonts != nil {
		mux.Handle("GET /assets/fonts/", http.StripPrefix("/assets/fonts/", http.FileServer(c.o.Fonts)))
	}
	return safely(mux)
}

// safely sets what keeps a letter from doing anything on this page.
func safely(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

type listPage struct {
	Lang    i18n.Lang
	Letters []letterLine
}

type letterLine struct {
	Href, Subject, To string
	When              i18n.Moment
	Files             int
}

func (c *Catcher) list(w http.ResponseWriter, r *http.Request) {
	l := langOf(r)
	p := listPage{Lang: l}
	for _, one := range slices.Backward(c.Letters()) {
		p.Letters = append(p.Letters, letterLine{
			Href: href(one) + "?lang=" + string(l), Subject: one.Subject, To: strings.Join(one.To, ", "), When: l.Moment(one.Date), Files: len(one.Files),
		})
	}
	show(w, l, "list", p)
}

// CodesPath is where the codes of the demonstration's people stand.
const CodesPath = "/codes"

// Code is what somebody's authenticator app shows.
type Code struct {
	Who       string
	Now, Next string
	Left      int // seconds that the code of now has
}

type codesPage struct {
	Lang  i18n.Lang
	Codes []Code
	Left  int
}

// codes shows what the people's phones would show. The page asks for itself anew when the
// half minute is over.
func (c *Catcher) codes(w http.ResponseWriter, r *http.Request) {
	all, err := c.o.Codes()
	if err != nil {
		http.Error(w, "the codes cannot be reckoned", http.StatusInternalServerError)
		return
	}
	p := codesPage{Lang: langOf(r), Codes: all}
	if len(all) > 0 {
		p.Left = all[0].Left
	}
	show(w, p.Lang, "codes", p)
}

type letterPage struct {
	Lang            i18n.Lang
	Subject, To     string
	From, Text      string
	When            i18n.Moment
	Frame, All      string
	Files           []fileLine
	StopsWith, Name string
}

type fileLine struct{ Href, Name, Size string }

func (c *Catcher) letter(w http.ResponseWriter, r *http.Request) {
	one, ok := c.find(w, r)
	if !ok {
		return
	}
	l := langOf(r)
	p := letterPage{
		Lang: l, Subject: one.Subject, From: one.From, To: strings.Join(one.To, ", "), Text: one.Text, When: l.Moment(one.Date),
		Frame: href(one) + "/html", All: "/?lang=" + string(l), StopsWith: one.Header.Get("List-Unsubscribe"), Name: one.ID,
	}
	for i, f := range one.Files {
		p.Files = append(p.Files, fileLine{fmt.Sprintf("%s/files/%d", href(one), i), f.Name, l.Number(int64(len(f.Body)))})
	}
	show(w, l, "letter", p)
}

// html serves the letter as it came, where it can run nothing, fetch nothing and reach
// nothing; its links open beside the frame.
func (c *Catcher) html(w http.ResponseWriter, r *http.Request) {
	one, ok := c.find(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'self'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = strings.NewReplacer("<head>", `<head><base target="_blank">`).WriteString(w, one.HTML) // the browser has gone
}

func (c *Catcher) file(w http.ResponseWriter, r *http.Request) {
	one, ok := c.find(w, r)
	if !ok {
		return
	}
	i, err := strconv.Atoi(r.PathValue("file"))
	if err != nil || i < 0 || i >= len(one.Files) {
		http.NotFound(w, r)
		return
	}
	f := one.Files[i]
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	_, _ = w.Write(f.Body) // the browser has gone
}

func (c *Catcher) stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(c.o.Stylesheet) // the browser has gone
}

// href names a letter by its Message-ID, which stays the same over a restart.
func href(l Letter) string {
	name, _, _ := strings.Cut(l.ID, "@")
	return "/letters/" + template.URLQueryEscaper(name)
}

func (c *Catcher) find(w http.ResponseWriter, r *http.Request) (Letter, bool) {
	for _, l := range slices.Backward(c.Letters()) {
		if name, _, _ := strings.Cut(l.ID, "@"); name == r.PathValue("letter") {
			return l, true
		}
	}
	http.NotFound(w, r)
	return Letter{}, false
}

func langOf(r *http.Request) i18n.Lang {
	if l, ok := i18n.Parse(r.URL.Query().Get("lang")); ok {
		return l
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

// pages are the templates by language and name; they are compiled in, and a test shows
// each.
var pages = func() map[i18n.Lang]*template.Template {
	all := map[i18n.Lang]*template.Template{}
	for _, l := range i18n.Langs() {
		functions := template.FuncMap{"t": l.Text, "tn": func(key string, n int, args ...any) (string, error) { return l.Plural(key, int64(n), args...) }}
		all[l] = template.Must(template.New("").Funcs(functions).ParseFS(templates.Files, "mail/catcher/*.html"))
	}
	return all
}()

func show(w http.ResponseWriter, l i18n.Lang, name string, p any) {
	var body bytes.Buffer
	if err := pages[l].ExecuteTemplate(&body, name, p); err != nil {
		http.Error(w, "the page is broken", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // the browser has gone
}
