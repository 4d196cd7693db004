package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/giving"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// Where people say which letters they want, and whoever holds a letter ends its kind.
const (
	lettersPath = accountPath + "/letters"
	addressPath = "/addresses"
)

// reminders is the kind of letter of which giving keeps what is wished.
const reminders = "reminder"

type stopLettersPage struct {
	page.Base
	Kind   string // in words
	Wanted bool
	Action string
}

// stopForm serves GET /letters/:token: whether the letter's reader gets letters of its kind.
// Mail programs and their filters follow links, so that a GET changes nothing.
func (s *SignIn) stopForm(c echo.Context) error {
	stop, err := mail.StoppingBy(c.Request().Context(), s.db, c.Param("token"))
	if err != nil {
		return err
	}
	return showStop(c, stop)
}

func showStop(c echo.Context, stop mail.Stopping) error {
	b := page.Of(c)
	return c.Render(http.StatusOK, "signin/stop", stopLettersPage{Base: b, Kind: b.Lang.T("privacy.kind." + stop.Kind), Wanted: stop.Wanted, Action: mail.StopPath + c.Param("token")})
}

// stopLetters serves POST /letters/:token: no more letters of the kind, or with wanted=yes
// again. A mail program's own button sends no form of ours, and means no more.
func (s *SignIn) stopLetters(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	stop, err := mail.StoppingBy(ctx, s.db, c.Param("token"))
	if err != nil {
		return err
	}
	stop.Wanted = form.Get("wanted") == "yes"
	if err := mail.Wish(ctx, s.db, s.now, stop.PersonID, stop.Kind, stop.Wanted); err != nil {
		return err
	}
	return showStop(c, stop)
}

type lettersPage struct {
	page.Base
	Notice page.Notice
	Email  string
	Back   string // since when letters to the address come back, in words; empty: they do not
	Asked  bool   // a letter that finds out is on its way
	Ask    page.Press
	Kinds  []kindOfLetter
}

// kindOfLetter is one that may be ended, with the button that does or undoes it.
type kindOfLetter struct {
	Name, Note string
	Press      page.Press
}

// letters serves GET /account/letters: which letters the visitor wants, and whether letters
// arrive at all.
func (s *SignIn) letters(c echo.Context) error {
	b, st, ctx := page.Of(c), standingOf(c), c.Request().Context()
	p := lettersPage{Base: b, Email: st.person.Email, Notice: notice(b.Lang, c.QueryParam("notice")), Asked: c.QueryParam("notice") == "address-asked"}
	since, err := mail.ComesBack(ctx, s.db, st.person.Email)
	if err != nil {
		return err
	}
	if !since.IsZero() {
		p.Back, p.Ask = b.Lang.Date(since), page.Press{Action: lettersPath + "/address", Text: b.Lang.T("privacy.letters.ask")}
	}
	for _, kind := range kindsFor(st.person) {
		wanted, err := s.wants(c, kind)
		if err != nil {
			return err
		}
		p.Kinds = append(p.Kinds, newKind(b.Lang, kind, wanted))
	}
	return c.Render(http.StatusOK, "signin/letters", p)
}

// kindsFor are the kinds of letters that a person may get, of those that can be stopped.
func kindsFor(p member.Person) (kinds []string) {
	if len(p.Companies) > 0 {
		kinds = append(kinds, reminders)
	}
	if p.Holds(member.Coordinator) {
		kinds = append(kinds, mail.Kinds()...)
	}
	return kinds
}

func (s *SignIn) wants(c echo.Context, kind string) (bool, error) {
	if kind == reminders {
		return giving.WantsReminders(c.Request().Context(), s.db, standingOf(c).person.ID)
	}
	return mail.Wants(c.Request().Context(), s.db, standingOf(c).person.ID, kind)
}

func newKind(l i18n.Lang, kind string, wanted bool) kindOfLetter {
	k := kindOfLetter{Name: l.T("privacy.kind." + kind), Note: l.T("privacy.letters.unwanted")}
	button, wish := l.T("privacy.letters.again"), "yes"
	if wanted {
		k.Note, button, wish = l.T("privacy.letters.wanted"), l.T("privacy.letters.stop"), "no"
	}
	k.Press = page.Press{Action: lettersPath, Text: button, Whom: k.Name, Hidden: []page.Hidden{{Name: "kind", Value: kind}, {Name: "wanted", Value: wish}}}
	return k
}

// wishLetters serves POST /account/letters.
func (s *SignIn) wishLetters(c echo.Context) error {
	form, err := page.Posted(c)
	if err != nil {
		return err
	}
	ctx, person, kind, wanted := c.Request().Context(), standingOf(c).person.ID, form.Get("kind"), form.Get("wanted") == "yes"
	if kind == reminders {
		err = giving.WishRemindersOf(ctx, s.db, s.now, person, wanted)
	} else {
		err = mail.Wish(ctx, s.db, s.now, person, kind, wanted)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, lettersPath+"?notice=letters-wished")
}

// askAddress serves POST /account/letters/address: a letter goes to the visitor's own
// address, to find out whether it answers.
func (s *SignIn) askAddress(c echo.Context) error {
	if err := member.AskAddress(c.Request().Context(), s.db, s.now, standingOf(c).person, s.url, c.RealIP()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, lettersPath+"?notice=address-asked")
}

func (s *SignIn) toLetters(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, lettersPath)
}

type addressPage struct {
	page.Base
	Done   bool
	Action string
}

// addressForm serves GET /addresses/:token. Opening the link confirms nothing: mail programs
// open links by themselves.
func (s *SignIn) addressForm(c echo.Context) error {
	if err := member.AddressOpen(c.Request().Context(), s.db, s.now, c.Param("token")); err != nil {
		return err
	}
	return c.Render(http.StatusOK, "signin/address", addressPage{Base: page.Of(c), Action: addressPath + "/" + c.Param("token")})
}

// confirmAddress serves POST /addresses/:token. The link is used up by it.
func (s *SignIn) confirmAddress(c echo.Context) error {
	if err := member.ConfirmAddress(c.Request().Context(), s.db, s.now, c.Param("token")); err != nil {
		return err
	}
	return c.Render(http.StatusOK, "signin/address", addressPage{Base: page.Of(c), Done: true})
}
