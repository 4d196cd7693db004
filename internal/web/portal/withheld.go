package portal

import (
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/document"
	"kopiyka/internal/fault"
	"kopiyka/internal/giving"
	"kopiyka/internal/member"
)

// withoutWithheld hides from a visitor what belongs to a company that asks for a second
// factor which this session has not shown. Queries of other rooms go by who the person is,
// and would find it. It is for visitors who act for another company too: all others are
// turned away before.
//
// An address that names something of which it is not known here whose it is, is not there
// either: a new one is thought about.
func (p *Portal) withoutWithheld(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		person := visitor(c)
		if len(person.Withheld) > 0 && len(c.ParamNames()) > 0 {
			company, err := p.whose(c, person)
			if err != nil {
				return err
			}
			if _, err := postOf(person, company); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// whose is the company to which belongs what an address names.
func (p *Portal) whose(c echo.Context, person member.Person) (string, error) {
	ctx, id, of := c.Request().Context(), c.Param("id"), func(path string) bool { return strings.HasPrefix(c.Path(), path) }
	switch {
	case of("/portal/companies/:slug"):
		for _, post := range person.Companies {
			if post.Slug == c.Param("slug") {
				return post.CompanyID, nil
			}
		}
	case of("/portal/pledges/:id"):
		pledge, err := giving.PledgeOf(ctx, p.db, id, person.ID)
		return pledge.CompanyID, err
	case of("/portal/payments/:id"):
		payment, err := giving.PaymentOf(ctx, p.db, id, person.ID)
		if err != nil {
			return "", err
		}
		pledge, err := giving.PledgeOf(ctx, p.db, payment.PledgeID, person.ID)
		return pledge.CompanyID, err
	case of("/portal/documents/:id"):
		return document.CompanyOf(ctx, p.db, id, person.ID)
	case of("/portal/reminders/:token"):
		reminder, err := giving.ReminderBy(ctx, p.db, c.Param("token"))
		if err != nil {
			return "", err
		}
		pledge, err := giving.PledgeOf(ctx, p.db, reminder.PledgeID, person.ID)
		return pledge.CompanyID, err
	}
	return "", fault.New(fault.NotFound, "page.unknown")
}
