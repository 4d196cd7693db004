package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
)

// How long somebody stays signed in: without doing anything, and at all. How long the
// first half of signing in is remembered while the second is awaited.
const (
	idle     = 12 * time.Hour
	lifetime = 7 * 24 * time.Hour
	halfLife = 10 * time.Minute
)

// sweep is how often sessions that have ended are deleted.
const sweep = 15 * time.Minute

// What a session holds.
const (
	personKey     = "person"     // a person's id
	sessionKey    = "session"    // the id of the session among the person's
	generationKey = "generation" // of its cookie
	postsKey      = "posts"      // the person's roles when the cookie was given
	secondKey     = "second"     // a second factor was proved in this session
	provedByKey   = "proved by"  // how the person last showed who they are
	provedAtKey   = "proved at"  // and when
	firstAtKey    = "first at"   // when the first factor was shown
	secondAtKey   = "second at"  // when the second was
	halfKey       = "half"       // a person who has shown the first factor alone
	halfByKey     = "half by"    // how
	halfAtKey     = "half at"    // and when
	ceremonyKey   = "ceremony"   // a challenge that this browser was given
)

// standing is what a visitor's session knows of the visitor.
type standing struct {
	person   member.Person // with all roles, whether or not they count yet
	session  string
	second   bool
	provedBy member.Proof
	provedAt time.Time
	firstAt  time.Time // the first factor
	secondAt time.Time

	half   string // a person's id; the second factor is awaited
	halfBy member.Proof
}

// in reports whether somebody is signed in.
func (s standing) in() bool { return s.person.ID != "" }

// clustersWithheld reports whether the person runs a cluster and this session has not shown
// the second factor for it.
func (s standing) clustersWithheld() bool { return s.in() && !s.second && len(s.person.Clusters) > 0 }

// companiesWithheld reports whether the person acts for a company that asks for a second
// factor, and this session has not shown it.
func (s standing) companiesWithheld() bool {
	return s.in() && !s.second && slices.ContainsFunc(s.person.Companies, func(c member.CompanyPost) bool { return c.AsksFactor })
}

// withheld reports whether the second factor would open anything more.
func (s standing) withheld() bool { return s.clustersWithheld() || s.companiesWithheld() }

// acting is the person as doors know one: as far as this session has shown who it belongs
// to. Who has come in with a password that somebody else has chosen is nobody's.
func (s standing) acting() member.Person {
	p := s.person
	if !s.second {
		p = p.WithoutFactor()
	}
	if p.Given {
		p.Companies, p.Clusters, p.Withheld = nil, nil, nil
	}
	return p
}

// sessions keeps who is signed in. The table holds hashes of the cookies, so that whoever
// reads it cannot sign in with what it says.
type sessions struct {
	manager *scs.SessionManager
	db      *sqlx.DB
	now     clock.Clock
}

func newSessions(db *sqlx.DB, now clock.Clock, https bool) *sessions {
	m := scs.New()
	m.Store, m.HashTokenInStore = postgresstore.NewWithCleanupInterval(db.DB, sweep), true
	m.IdleTimeout, m.Lifetime = idle, lifetime
	m.Cookie.Name = "kopiyka_session"
	if https { // a browser takes this name only from us, over TLS, for the whole site
		m.Cookie.Name, m.Cookie.Secure = "__Host-kopiyka", true
	}
	return &sessions{manager: m, db: db, now: now}
}

// load returns a context with the visitor's session, and what it knows. A session that is
// used lives on: that is written down at once rather than with the answer, so that a slow
// answer cannot bring back what a sign-out has deleted.
func (s *sessions) load(ctx context.Context, r *http.Request, host string) (context.Context, standing, error) {
	var st standing
	ctx, err := s.manager.Load(ctx, s.token(r))
	if err != nil {
		return nil, st, fmt.Errorf("read the session: %w", err)
	}
	if half := s.manager.GetString(ctx, halfKey); pg.IsID(half) && s.now().Sub(time.Unix(s.manager.GetInt64(ctx, halfAtKey), 0)) < halfLife {
		st.half, st.halfBy = half, member.Proof(s.manager.GetString(ctx, halfByKey))
	}
	id := s.manager.GetString(ctx, personKey)
	if !pg.IsID(id) {
		return ctx, st, nil
	}
	session := s.manager.GetString(ctx, sessionKey)
	life, err := member.LifeOf(ctx, s.db, s.now(), session, s.manager.GetInt(ctx, generationKey), id, host)
	if err != nil || !life.Goes {
		return ctx, st, err
	}
	if _, _, err := s.manager.Commit(ctx); err != nil {
		return nil, st, fmt.Errorf("keep the session: %w", err)
	}
	person, err := member.PersonByID(ctx, s.db, id)
	if errors.Is(err, fault.New(fault.NotFound, "person.unknown")) {
		return ctx, st, nil // the person has been removed since
	}
	if err != nil {
		return nil, st, err
	}
	st = standing{
		person: person, session: session, second: life.Factor && s.manager.GetBool(ctx, secondKey), // one that was taken away proves nothing any more
		provedBy: member.Proof(s.manager.GetString(ctx, provedByKey)), provedAt: time.Unix(s.manager.GetInt64(ctx, provedAtKey), 0),
		firstAt: time.Unix(s.manager.GetInt64(ctx, firstAtKey), 0), secondAt: time.Unix(s.manager.GetInt64(ctx, secondAtKey), 0),
	}
	return ctx, st, nil
}

func (s *sessions) token(r *http.Request) string {
	cookie, err := r.Cookie(s.manager.Cookie.Name)
	if err != nil {
		return "" // there is none
	}
	return cookie.Value
}

// begin signs a person in, under a cookie that nobody has seen before.
func (s *sessions) begin(c echo.Context, person member.Person, by member.Proof) error {
	ctx := c.Request().Context()
	if err := member.ForgetSession(ctx, s.db, s.manager.GetString(ctx, sessionKey)); err != nil { // whoever was signed in here before
		return err
	}
	id, err := member.BeginSession(ctx, s.db, s.now(), s.now().Add(lifetime), person.ID, c.Request().UserAgent(), c.RealIP())
	if err != nil {
		return err
	}
	first := int64(0) // when the password was shown that came before the code
	if s.manager.GetString(ctx, halfKey) == person.ID {
		first = s.manager.GetInt64(ctx, halfAtKey)
	}
	for _, key := range []string{halfKey, halfByKey, halfAtKey, secondKey, secondAtKey} {
		s.manager.Remove(ctx, key)
	}
	s.manager.Put(ctx, firstAtKey, first)
	s.manager.Put(ctx, personKey, person.ID)
	s.manager.Put(ctx, sessionKey, id)
	s.manager.Put(ctx, generationKey, 1)
	return s.proved(c, person, by, 1)
}

// beginHalf remembers that a person has shown the first factor. Nobody is signed in by it.
func (s *sessions) beginHalf(c echo.Context, person string, by member.Proof) error {
	ctx := c.Request().Context()
	if err := member.ForgetSession(ctx, s.db, s.manager.GetString(ctx, sessionKey)); err != nil { // whoever was signed in here before
		return err
	}
	for _, key := range []string{personKey, sessionKey} {
		s.manager.Remove(ctx, key)
	}
	s.manager.Put(ctx, halfKey, person)
	s.manager.Put(ctx, halfByKey, string(by))
	s.manager.Put(ctx, halfAtKey, s.now().Unix())
	return s.renew(c)
}

// proveBoth notes that the person who is signed in has shown the password and, by, the
// second factor.
func (s *sessions) proveBoth(c echo.Context, st standing, by member.Proof) error {
	s.manager.Put(c.Request().Context(), firstAtKey, s.now().Unix())
	return s.prove(c, st, by)
}

// prove notes that the person who is signed in has shown again who they are.
func (s *sessions) prove(c echo.Context, st standing, by member.Proof) error {
	generation, err := member.RenewSession(c.Request().Context(), s.db, st.session)
	if err != nil {
		return err
	}
	return s.proved(c, st.person, by, generation)
}

// renewed gives the session a new cookie because the person's roles have changed.
func (s *sessions) renewed(c echo.Context, st standing) error {
	ctx := c.Request().Context()
	if s.manager.GetString(ctx, postsKey) == posted(st.person) {
		return nil
	}
	s.manager.Put(ctx, postsKey, posted(st.person))
	return s.renewCookie(c, st)
}

// renewCookie gives the session another cookie, and voids the one before.
func (s *sessions) renewCookie(c echo.Context, st standing) error {
	ctx := c.Request().Context()
	generation, err := member.RenewSession(ctx, s.db, st.session)
	if err != nil {
		return err
	}
	s.manager.Put(ctx, generationKey, generation)
	return s.renew(c)
}

func (s *sessions) proved(c echo.Context, person member.Person, by member.Proof, generation int) error {
	ctx := c.Request().Context()
	if by.Second() {
		s.manager.Put(ctx, secondKey, true)
		s.manager.Put(ctx, secondAtKey, s.now().Unix())
	}
	if by == member.ByPassword || by == member.ByIssuer || by == member.ByPasskey { // a passkey is both at once
		s.manager.Put(ctx, firstAtKey, s.now().Unix())
	}
	s.manager.Put(ctx, generationKey, generation)
	s.manager.Put(ctx, postsKey, posted(person))
	s.manager.Put(ctx, provedByKey, string(by))
	s.manager.Put(ctx, provedAtKey, s.now().Unix())
	return s.renew(c)
}

// posted is all that a person may do, in one line.
func posted(p member.Person) string {
	var all []string
	for _, post := range p.Companies {
		all = append(all, post.CompanyID+"="+string(post.Role))
	}
	for _, post := range p.Clusters {
		all = append(all, post.ClusterID+"="+string(post.Role))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// renew changes the cookie and writes the session down.
func (s *sessions) renew(c echo.Context) error {
	ctx := c.Request().Context()
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew the session: %w", err)
	}
	return s.keep(c)
}

// keep writes the session down, and its cookie.
func (s *sessions) keep(c echo.Context) error {
	ctx := c.Request().Context()
	token, _, err := s.manager.Commit(ctx)
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	// The cookie may live as long as the session can; that it is idle is decided here.
	s.manager.WriteSessionCookie(ctx, c.Response(), token, s.manager.Deadline(ctx))
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store") // the cookie alone must not be all that is kept from others
	return nil
}

// end signs the visitor out, everywhere this cookie was copied to.
func (s *sessions) end(c echo.Context) error {
	ctx := c.Request().Context()
	if err := member.ForgetSession(ctx, s.db, s.manager.GetString(ctx, sessionKey)); err != nil {
		return err
	}
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, c.Response(), "", time.Time{})
	return nil
}
