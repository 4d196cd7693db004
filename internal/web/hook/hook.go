// Package hook is the door for Stripe's webhooks. It reads the bytes as they came, asks
// whether Stripe signed them, keeps the event and says so: 200 means that it is on disk.
//
// Nothing is decided here and nobody is told anything but a status. The door has no
// session, no language and no page.
package hook

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/gateway"
	"kopiyka/internal/inbox"
)

// Hook is the door.
type Hook struct {
	gateway *gateway.Gateway
	intake  *inbox.Intake
	now     clock.Clock
	wake    func()
	log     *slog.Logger

	patience time.Duration
}

// patience is how long the database may take. Stripe gives up after some ten seconds, and
// a payer waits for our answer just as long on the checkout page.
const patience = 8 * time.Second

// New makes the door. It calls wake after each event that it kept; wake must not block.
func New(g *gateway.Gateway, db *sqlx.DB, now clock.Clock, wake func(), log *slog.Logger) *Hook {
	return &Hook{gateway: g, intake: inbox.NewIntake(db), now: now, wake: wake, log: log, patience: patience}
}

// Routes adds the door's addresses. The group must carry no middleware that reads a body,
// asks for a session or refuses requests of other sites.
func (h *Hook) Routes(g *echo.Group) {
	g.POST("/hooks/stripe", h.stripe)
}

// most is more than Stripe has ever sent.
const most = 1 << 20

// stripe serves POST /hooks/stripe.
//
//	200  the event is on disk, or is none of ours: do not send it again
//	400  Stripe has not signed these bytes now, or they are no event
//	413  more than a mebibyte
//	500  the event could not be kept: send it again
func (h *Hook) stripe(c echo.Context) error {
	body, err := read(c)
	if err != nil {
		return c.NoContent(statusOf(err))
	}
	event, err := h.gateway.Verify(body, c.Request().Header.Get("Stripe-Signature"))
	if errors.Is(err, gateway.ErrOtherMode) {
		h.log.Warn("a webhook of the other mode or of another account was left aside")
		return c.NoContent(http.StatusOK)
	}
	if err != nil {
		h.log.Warn("a webhook was refused", "error", err, "bytes", len(body), "from", c.RealIP())
		return c.NoContent(http.StatusBadRequest)
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), h.patience)
	defer cancel()
	isNew, err := h.intake.Keep(ctx, event, inbox.Webhook, h.now())
	if err != nil {
		h.log.Error("a webhook could not be kept", "event", event.ID, "error", err)
		return c.NoContent(http.StatusInternalServerError)
	}
	h.log.Info("a webhook was kept", "event", event.ID, "type", event.Type, "new", isNew)
	h.wake()
	return c.NoContent(http.StatusOK)
}

// read takes the body's bytes: what is signed is bytes, so nothing may parse or unpack
// them before.
func read(c echo.Context) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), mostly)+bytes.MinRead))
	_, err := body.ReadFrom(http.MaxBytesReader(c.Response(), r.Body, most))
	return body.Bytes(), err
}

// mostly is as long as an event mostly is at most. What the header says is believed that
// far: whoever may knock may say that a mebibyte follows, and send nothing.
const mostly = 16 << 10

// statusOf tells too many bytes from a body that broke off.
func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
