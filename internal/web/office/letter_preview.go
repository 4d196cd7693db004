package office

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// templatesPath is where people look at letters before anybody gets one.
const templatesPath = "/office/letters/templates"

// writesLetters is for the pages of those who answer for what their cluster writes: its
// coordinators and admins.
func writesLetters(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !mayPreview(visitor(c)) {
			return fault.New(fault.Forbidden, "letter.preview_role")
		}
		return next(c)
	}
}

func mayPreview(p member.Person) bool { return p.Holds(member.Coordinator) || p.Holds(member.Admin) }

// samples are all letters that the program writes, with invented facts.
func (o *Office) samples(l i18n.Lang) []mail.Sample {
	at, site := o.now(), o.gateway.Site()
	return slices.Concat(document.LetterSamples(l, at, site), giving.LetterSamples(l, at, site), member.LetterSamples(l, at, site))
}

// rendered is a letter as its reader would get it. One that is not there is a NotFound fault.
func (o *Office) rendered(l i18n.Lang, name string) (mail.Sample, mail.Message, error) {
	for _, s := range o.samples(l) {
		if s.Case == name {
			m, err := mail.Render(l, s.Name, s.Data, s.Unsubscribe)
			return s, m, err
		}
	}
	return mail.Sample{}, mail.Message{}, fault.New(fault.NotFound, "letter.unknown")
}

// letterTemplates serves GET /office/letters/templates: every letter that the program can
// write.
func (o *Office) letterTemplates(c echo.Context) error {
	b := page.Of(c)
	l := b.Lang
	v := page.List{
		Base: b, Title: l.T("privacy.preview.title"), Lead: l.T("privacy.preview.lead"),
		Back: []page.Link{{Href: "/office", Text: l.T("common.office")}, {Href: listPath("letters"), Text: l.T("desk.title.letters")}},
	}
	columns := []page.Column{{Text: l.T("privacy.preview.subject")}, {Text: l.T("desk.column.letter")}, {Text: l.T("privacy.preview.stoppable")}}
	var rows [][]page.Cell
	for _, s := range o.samples(l) {
		m, err := mail.Render(l, s.Name, s.Data, s.Unsubscribe)
		if err != nil {
			return err
		}
		stop := l.T("privacy.preview.always")
		if s.Unsubscribe != "" {
			stop = l.T("privacy.preview.stops")
		}
		rows = append(rows, []page.Cell{{Text: m.Subject, Href: templatesPath + "/" + s.Case}, {Text: wordOr(l, "desk.letter."+s.Name, s.Name)}, {Text: stop}})
	}
	v.Table = page.NewTable("", columns, rows)
	return send(c, v)
}

type previewPage struct {
	page.Base
	Title   string
	Langs   []page.Link
	Letter  i18n.Lang // its own language
	Frame   string    // where its HTML is
	Text    string
	Stops   bool // its reader can end letters of its kind
	Subject string
}

// sampleLetter serves GET /office/letters/templates/:name: a letter in both forms, in the
// language of the page, or of ?letter=.
func (o *Office) sampleLetter(c echo.Context) error {
	b := page.Of(c)
	own, ok := i18n.Parse(c.QueryParam("letter"))
	if !ok {
		own = b.Lang
	}
	s, m, err := o.rendered(own, c.Param("name"))
	if err != nil {
		return err
	}
	v := previewPage{Base: b, Title: b.Lang.T("privacy.preview.one"), Letter: own, Frame: templatesPath + "/" + s.Case + "/" + string(own), Text: m.Text, Stops: s.Unsubscribe != "", Subject: m.Subject}
	for _, l := range i18n.Langs() {
		v.Langs = append(v.Langs, page.Link{Href: templatesPath + "/" + s.Case + "?letter=" + string(l), Text: l.Name(), Current: l == own})
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentSecurityPolicy, h.Get(echo.HeaderContentSecurityPolicy)+"; frame-src 'self'")
	return c.Render(http.StatusOK, "office/letter-preview", v)
}

// sampleHTML serves GET /office/letters/templates/:name/:lang: the HTML as mail programs
// get it, in a box of its own. Of all that a page may do it may only look as its one style
// element says, whose digest is in the policy.
func (o *Office) sampleHTML(c echo.Context) error {
	l, ok := i18n.Parse(c.Param("lang"))
	if !ok {
		return echo.ErrNotFound
	}
	_, m, err := o.rendered(l, c.Param("name"))
	if err != nil {
		return err
	}
	_, style, _ := strings.Cut(m.HTML, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	digest := sha256.Sum256([]byte(style))
	h := c.Response().Header()
	h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox")
	h.Set(echo.HeaderCacheControl, "private, no-store")
	return c.HTML(http.StatusOK, m.HTML)
}
