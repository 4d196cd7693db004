package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// How long somebody stays signed in: without doing anything, and at all.
const (
	idle     = 12 * time.Hour
	lifetime = 7 * 24 * time.Hour
)

// sweep is how often sessions that have ended are deleted.
const sweep = 15 * time.Minute

// personKey is the one thing that a session holds: a person's id.
const personKey = "person"

// sessions keeps who is signed in. The table holds hashes of the cookies, so that whoever
// reads it cannot sign in with what it says.
type sessions struct {
	manager *scs.SessionManager
	db      *sqlx.DB
}

func newSessions(db *sqlx.DB, https bool) *sessions {
	m := scs.New()
	m.Store, m.HashTokenInStore = postgresstore.NewWithCleanupInterval(db.DB, sweep), true
	m.IdleTimeout, m.Lifetime = idle, lifetime
	m.Cookie.Name = "kopiyka_session"
	if https { // a browser takes this name only from us, over TLS, for the whole site
		m.Cookie.Name, m.Cookie.Secure = "__Host-kopiyka", true
	}
	return &sessions{manager: m, db: db}
}

// load returns a context with the visitor's session, and with the person when somebody is
// signed in. A session that is used lives on: that is written down at once rather than
// with the answer, so that a slow answer cannot bring back what a sign-out has deleted.
func (s *sessions) load(ctx context.Context, r *http.Request) (context.Context, error) {
	ctx, err := s.manager.Load(ctx, s.token(r))
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	id := s.manager.GetString(ctx, personKey)
	if !pg.IsID(id) {
		return ctx, nil
	}
	if _, _, err := s.manager.Commit(ctx); err != nil {
		return nil, fmt.Errorf("keep the session: %w", err)
	}
	person, err := member.PersonByID(ctx, s.db, id)
	if errors.Is(err, fault.New(fault.NotFound, "person.unknown")) {
		return ctx, nil // the person has been removed since
	}
	if err != nil {
		return nil, err
	}
	return member.WithPerson(ctx, person), nil
}

func (s *sessions) token(r *http.Request) string {
	cookie, err := r.Cookie(s.manager.Cookie.Name)
	if err != nil {
		return "" // there is none
	}
	return cookie.Value
}

// begin signs a person in, under a cookie that nobody has seen before.
func (s *sessions) begin(c echo.Context, person member.Person) error {
	ctx := c.Request().Context()
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew the session: %w", err)
	}
	s.manager.Put(ctx, personKey, person.ID)
	token, _, err := s.manager.Commit(ctx)
	if err != nil {
		return fmt.Errorf("begin the session: %w", err)
	}
	// The cookie may live as long as the session can; that it is idle is decided here.
	s.manager.WriteSessionCookie(ctx, c.Response(), token, s.manager.Deadline(ctx))
	return nil
}

// end signs the visitor out, everywhere this cookie was copied to.
func (s *sessions) end(c echo.Context) error {
	ctx := c.Request().Context()
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, c.Response(), "", time.Time{})
	return nil
}
