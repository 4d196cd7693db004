package office

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/fault"
	"kopiyka/internal/web/page"
)

// about names the field of a fault; any other error comes back as it is.
func about(field string, err error) error {
	if f, ok := fault.As(err); ok {
		return f.About(field)
	}
	return err
}

// askUndo serves POST /office/matches/:id/undo. It needs a reason, and another person.
func (o *Office) askUndo(c echo.Context) error {
	line, err := bank.LineOfMatch(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	if line == "" {
		return fault.New(fault.NotFound, "bank.match_unknown")
	}
	t := typedMatch{match: c.Param("id")}
	return o.actOnLine(c, line, "asked", &t, func(form url.Values, person string) error {
		t.reason = page.Text(form, "reason")
		_, err := bank.AskUndo(c.Request().Context(), o.db, o.now, t.match, person, t.reason)
		return err
	})
}

// approveUndo serves POST /office/undoings/:id/approve: the books are corrected in the name
// of both.
func (o *Office) approveUndo(c echo.Context) error {
	return o.decideUndo(c, "undone", func(person string) error {
		return bank.Undo(c.Request().Context(), o.db, o.now, c.Param("id"), person)
	})
}

// refuseUndo serves POST /office/undoings/:id/refuse: the match stays.
func (o *Office) refuseUndo(c echo.Context) error {
	return o.decideUndo(c, "kept", func(person string) error {
		return bank.RefuseUndo(c.Request().Context(), o.db, o.now, c.Param("id"), person)
	})
}

func (o *Office) decideUndo(c echo.Context, done string, act func(person string) error) error {
	line, err := bank.LineOfUndoing(c.Request().Context(), o.db, c.Param("id"), visitor(c).ID)
	if err != nil {
		return err
	}
	if line == "" {
		return fault.New(fault.NotFound, "bank.undo.unknown")
	}
	return o.actOnLine(c, line, done, &typedMatch{}, func(_ url.Values, person string) error { return act(person) })
}
