package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/templates"
)

// Options are what the frame of every page is told once.
type Options struct {
	Origin  string           // where browsers reach the site, without a slash at its end
	Sandbox bool             // show the banner: no real money moves
	Menu    []MenuItem       // nil: the menu of Menu
	Away    func(error) bool // whether an error means that asking again later may help; nil: none does
	Strict  bool             // a message that the catalogues lack fails the page; for tests
}

// Menu is the main menu of the public pages.
func Menu() []MenuItem {
	return []MenuItem{
		{Name: "campaigns", Key: "common.nav.campaigns", Path: "/{lang}/"},
		{Name: "companies", Key: "common.nav.companies", Path: "/{lang}/companies"},
	}
}

// Renderer turns a page's struct into HTML. It is an echo.Renderer; a page is named by its
// path below templates, such as "site/home".
//
// Each page is parsed once per language at start, so that a misspelt template stops the
// program and not a visitor, and functions are bound to their language without cloning.
type Renderer struct {
	Assets *Assets

	options Options
	pages   map[string]map[i18n.Lang]*template.Template
	broken  map[i18n.Lang][]byte // the 500 page, rendered at start
}

// Model is a page's struct: whatever embeds Base.
type Model interface{ Language() i18n.Lang }

// New reads every template that is compiled in. It returns an error for one that cannot be
// parsed, and when the error page cannot be rendered.
func New(o Options) (*Renderer, error) { return newRenderer(templates.Files, o) }

func newRenderer(files fs.FS, o Options) (*Renderer, error) {
	assets, err := newAssets(files)
	if err != nil {
		return nil, err
	}
	if o.Menu == nil {
		o.Menu = Menu()
	}
	r := &Renderer{Assets: assets, options: o, pages: map[string]map[i18n.Lang]*template.Template{}, broken: map[i18n.Lang][]byte{}}
	names, err := pageNames(files)
	if err != nil {
		return nil, err
	}
	for _, l := range i18n.Langs() {
		frame, err := template.New("base.html").Funcs(r.funcs(l)).ParseFS(files, "layout/base.html", "part/*.html")
		if err != nil {
			return nil, fmt.Errorf("parse the frame: %w", err)
		}
		for _, name := range names {
			if err := r.add(files, frame, l, name); err != nil {
				return nil, fmt.Errorf("parse %s: %w", name, err)
			}
		}
		if r.broken[l], err = r.Bytes("layout/error", brokenPage(r.base(l))); err != nil {
			return nil, fmt.Errorf("render the 500 page: %w", err)
		}
	}
	return r, nil
}

func (r *Renderer) add(files fs.FS, frame *template.Template, l i18n.Lang, name string) error {
	t, err := frame.Clone()
	if err != nil {
		return err
	}
	if t, err = t.ParseFS(files, name+".html"); err != nil {
		return err
	}
	if r.pages[name] == nil {
		r.pages[name] = map[i18n.Lang]*template.Template{}
	}
	r.pages[name][l] = t
	return nil
}

// pageNames lists the pages: the error page, and every template below a door's folder.
func pageNames(files fs.FS) ([]string, error) {
	names := []string{"layout/error"}
	err := fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".html" {
			return err
		}
		if door, _, _ := strings.Cut(file, "/"); door != "layout" && door != "part" {
			names = append(names, strings.TrimSuffix(file, ".html"))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	return names, nil
}

// Pages lists the names of all pages, in order.
func (r *Renderer) Pages() []string {
	names := make([]string, 0, len(r.pages))
	for name := range r.pages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Bytes renders a whole page in its model's language, or nothing and an error.
func (r *Renderer) Bytes(name string, m Model) ([]byte, error) {
	t, ok := r.pages[name][m.Language()]
	if !ok {
		return nil, fmt.Errorf("render %s: no such page in %q", name, m.Language())
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, "base.html", m); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return buf.Bytes(), nil
}

// Render is for Echo. The whole page is made before a byte of it leaves. A page that comes
// this way is for one visitor: unless its handler said otherwise, nobody stores it.
func (r *Renderer) Render(w io.Writer, name string, data any, c echo.Context) error {
	m, ok := data.(Model)
	if !ok {
		return fmt.Errorf("render %s: %T does not embed page.Base", name, data)
	}
	body, err := r.Bytes(name, m)
	if err != nil {
		return err
	}
	if h := c.Response().Header(); h.Get(echo.HeaderCacheControl) == "" {
		h.Set(echo.HeaderCacheControl, "private, no-store")
	}
	_, err = w.Write(body)
	return err
}

// Frame is the middleware that tells each request what the frame of its page needs.
func (r *Renderer) Frame(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(baseKey, r.base(langOf(c)))
		return next(c)
	}
}

func (r *Renderer) base(l i18n.Lang) Base {
	return Base{Lang: l, Origin: r.options.Origin, Sandbox: r.options.Sandbox, menu: r.options.Menu}
}
