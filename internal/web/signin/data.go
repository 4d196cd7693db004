package signin

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/giving"
	"kopiyka/internal/mail"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

const dataPath = accountPath + "/data"

type dataPage struct {
	page.Base
	File string // where the file is asked for
}

// data serves GET /account/data: what is kept about the visitor, and why some of it stays.
func (s *SignIn) data(c echo.Context) error {
	return c.Render(http.StatusOK, "signin/data", dataPage{page.Of(c), dataPath + ".json"})
}

// keptAct is an act as its own person reads it.
type keptAct struct {
	At      time.Time       `json:"at"`
	Act     string          `json:"act"`
	Subject string          `json:"subject"`
	Host    string          `json:"host,omitempty"`
	Facts   json.RawMessage `json:"facts"`
}

// dataFile serves GET /account/data.json: everything that the installation keeps about the
// visitor. What their company promised and paid is the company's, and found through the acts.
func (s *SignIn) dataFile(c echo.Context) error {
	ctx, person := c.Request().Context(), standingOf(c).person
	kept, err := member.Kept(ctx, s.db, person.ID)
	if err != nil {
		return err
	}
	wishes, err := giving.WishesOf(ctx, s.db, person.ID)
	if err != nil {
		return err
	}
	return page.SendJSON(c, "kopiyka-data.json",
		page.Part{Name: "made_at", Value: s.now()},
		page.Part{Name: "person", Value: kept},
		page.Part{Name: "reminders", Value: wishes},
		page.Part{Name: "letters", Next: s.keptLetters(c, person.Email)},
		page.Part{Name: "acts", Next: s.keptActs(c, person.ID)},
	)
}

func (s *SignIn) keptLetters(c echo.Context, address string) func() ([]any, error) {
	after := ""
	return func() (rows []any, err error) {
		all, err := mail.To(c.Request().Context(), s.db, address, after, page.Chunk)
		for _, one := range all {
			rows, after = append(rows, one), one.ID
		}
		return rows, err
	}
}

func (s *SignIn) keptActs(c echo.Context, person string) func() ([]any, error) {
	after := int64(0)
	return func() (rows []any, err error) {
		all, err := audit.Trail(c.Request().Context(), s.db, person, after, page.Chunk)
		for _, a := range all {
			rows, after = append(rows, keptAct{a.At, a.Act, a.Subject, a.Host, a.Detail}), a.ID
		}
		return rows, err
	}
}
