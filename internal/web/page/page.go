// Package page is how every door shows itself: the renderer and the frame of its pages,
// the view models of their parts, error pages, assets, the cache of public pages and the
// headers that keep a browser safe.
//
// It knows templates, languages, money and faults, and Echo. It never reads the database
// and knows no other room of the house: who is signed in reaches it as a plain Visitor.
package page

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
)

// Where signing in and out live, and the cookie that keeps the language of pages whose
// address has none.
const (
	SignInPath  = "/sign-in"
	SignOutPath = "/sign-out"
	LangCookie  = "lang"
	LangQuery   = "lang"

	SafeLangCookie = "__Host-lang" // its name over https, which no neighbouring host can set
)

// Base is what the frame of every page needs. A page's struct embeds it.
type Base struct {
	Lang    i18n.Lang
	Path    string // as the browser asked for it, with its query: the language switch keeps it
	Origin  string // "https://help.example.org", for canonical addresses; may be empty
	Nav     string // the name of the menu's entry that this page belongs to
	Sandbox bool   // no real money moves here
	Visitor *Visitor

	menu []MenuItem
}

// Visitor is who is signed in.
type Visitor struct {
	Name   string
	Line   string // "Ґанок Софт, платниця"
	Portal string // address of the company room, when they have one
	Office string // address of the coordinator's desk, when they have one

	Account string // address of the page of the person's own sign-in; may be empty
}

// MenuItem is an entry of the main menu. Key names its text in the catalogues; "{lang}" in
// the path becomes the language.
type MenuItem struct{ Name, Key, Path string }

// Link is an address and its text. Lang and Current are for switches and menus.
type Link struct {
	Href, Text string
	Lang       i18n.Lang
	Current    bool
}

const baseKey = "kopiyka.page.base"

// Of is the frame of the page that a request asks for. What the renderer's Frame and
// SetVisitor put there comes along; without them the language alone is known.
func Of(c echo.Context) Base {
	b, _ := c.Get(baseKey).(Base)
	u := c.Request().URL
	// One slash at the start: a link to "//host" would leave the site.
	b.Path = "/" + strings.TrimLeft(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		b.Path += "?" + u.RawQuery
	}
	if b.Lang == "" {
		b.Lang = langOf(c)
	}
	return b
}

// SetVisitor tells the frame who is signed in; nil is nobody.
func SetVisitor(c echo.Context, v *Visitor) {
	b, _ := c.Get(baseKey).(Base)
	b.Visitor = v
	c.Set(baseKey, b)
}

// langOf finds the language of a request: the address, then an explicit ?lang=, then the
// cookie, then what the browser prefers.
func langOf(c echo.Context) i18n.Lang {
	r := c.Request()
	if l, _, ok := split(r.URL.Path); ok {
		return l
	}
	if l, ok := i18n.Parse(r.URL.Query().Get(LangQuery)); ok {
		return l
	}
	for _, name := range []string{SafeLangCookie, LangCookie} {
		if cookie, err := r.Cookie(name); err == nil {
			if l, ok := i18n.Parse(cookie.Value); ok {
				return l
			}
		}
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

// split cuts the language off an address: "/uk/campaigns/x" is uk and "/campaigns/x".
func split(path string) (i18n.Lang, string, bool) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	first, query, asked := strings.Cut(first, "?")
	if asked {
		rest = "?" + query
	}
	l, ok := i18n.Parse(first)
	if !ok {
		return "", path, false
	}
	return l, "/" + rest, true
}

// Language is the language the page is written in.
func (b Base) Language() i18n.Lang { return b.Lang }

// Home is the list of campaigns.
func (b Base) Home() string { return b.In("/") }

// In is a public address in the page's language: In("/campaigns/x") is "/uk/campaigns/x".
func (b Base) In(path string) string { return "/" + string(b.Lang) + path }

// SignIn is where to sign in, and to come back from to this page. An error page of
// signing in itself does not lead in circles.
func (b Base) SignIn() string {
	path, _, _ := strings.Cut(b.Path, "?")
	if b.Path == "" || path == SignInPath || path == SignOutPath {
		return SignInPath
	}
	return SignInPath + "?next=" + url.QueryEscape(b.Path)
}

// SignOut is where the form of signing out posts to.
func (b Base) SignOut() string { return SignOutPath }

// Public reports whether the page has an address in each language, and so may be found.
func (b Base) Public() bool {
	_, _, ok := split(b.Path)
	return ok
}

// Canonical is the full address of a public page without its query, or empty.
func (b Base) Canonical() string {
	if b.Origin == "" || !b.Public() {
		return ""
	}
	path, _, _ := strings.Cut(b.Path, "?")
	return b.Origin + path
}

// Alternates are the full addresses of a public page in each language.
func (b Base) Alternates() []Link {
	_, rest, ok := split(b.Path)
	if b.Origin == "" || !ok {
		return nil
	}
	rest, _, _ = strings.Cut(rest, "?")
	var all []Link
	for _, l := range i18n.Langs() {
		all = append(all, Link{Href: b.Origin + "/" + string(l) + rest, Lang: l})
	}
	return all
}

// Switch is the same page in each language: by its address where that names the language,
// else by ?lang=, which the session remembers.
func (b Base) Switch() []Link {
	_, rest, public := split(b.Path)
	var all []Link
	for _, l := range i18n.Langs() {
		link := Link{Lang: l, Text: l.Name(), Current: l == b.Lang}
		if link.Current {
			link.Text = l.T("common.lang_short")
		}
		if public {
			link.Href = "/" + string(l) + rest
		} else {
			link.Href = withLang(b.Path, l)
		}
		all = append(all, link)
	}
	return all
}

func withLang(path string, l i18n.Lang) string {
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		values = url.Values{}
	}
	values.Set(LangQuery, string(l))
	return path + "?" + values.Encode()
}

// Menu is the main menu.
func (b Base) Menu() []Link {
	var all []Link
	for _, item := range b.menu {
		all = append(all, Link{
			Href:    strings.ReplaceAll(item.Path, "{lang}", string(b.Lang)),
			Text:    b.Lang.T(item.Key),
			Current: item.Name == b.Nav,
		})
	}
	return all
}
