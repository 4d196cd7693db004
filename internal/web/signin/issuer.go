package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"

	"kopiyka/internal/config"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/outward"
	"kopiyka/internal/web/page"
)

// visitPath is below which people go to other houses that vouch for them, and come back.
const visitPath = "/sign-in/with"

// issuer is another house that vouches for people (OpenID Connect).
type issuer struct {
	config.Issuer
	back   string // the full address to come back to
	places *outward.Places
	client *http.Client // asks the issuer, and what its description names

	mu       sync.Mutex
	provider *oidc.Provider
}

// issuerPatience bounds each question to an issuer.
const issuerPatience = 10 * time.Second

func newIssuers(all []config.Issuer, url string) (map[string]*issuer, error) {
	issuers := map[string]*issuer{}
	for _, one := range all {
		places, err := outward.To(one.URL)
		if err != nil {
			return nil, fmt.Errorf("the issuer %s: %w", one.Name, err)
		}
		issuers[one.Slug] = &issuer{Issuer: one, back: strings.TrimRight(url, "/") + visitPath + "/" + one.Slug + "/back", places: places, client: places.Client(issuerPatience)}
	}
	return issuers, nil
}

// discovered asks the issuer where its parts are, once: a house that is down when the
// program starts is asked again by the next visitor.
func (i *issuer) discovered(ctx context.Context) (*oidc.Provider, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider != nil {
		return i.provider, nil
	}
	// Its keys are fetched again later, when this request is long over.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.client), i.URL)
	if err != nil {
		return nil, err
	}
	var parts struct {
		Token string `json:"token_endpoint"`
		Keys  string `json:"jwks_uri"`
	}
	if err := provider.Claims(&parts); err != nil {
		return nil, err
	}
	for _, part := range []string{parts.Token, parts.Keys} {
		if err := i.places.Add(part); err != nil {
			return nil, err
		}
	}
	i.provider = provider
	return provider, nil
}

func (i *issuer) oauth(p *oidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: i.ClientID, ClientSecret: i.Secret, Endpoint: p.Endpoint(), RedirectURL: i.back, Scopes: []string{oidc.ScopeOpenID, "email"}}
}

// visit is what has to be known when somebody comes back.
type visit struct {
	Issuer, State, Nonce, Verifier, Next string
	Person                               string // who is signed in and wants to link the account; empty: somebody comes in
}

// vouched is what an issuer says of its visitor.
type vouched struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

func (s *SignIn) issuerOf(c echo.Context) (*issuer, error) {
	i, ok := s.issuers[c.Param("issuer")]
	if !ok {
		return nil, echo.ErrNotFound
	}
	return i, nil
}

// leave serves GET /sign-in/with/:issuer: the visitor goes to the other house. Whom another
// site has sent here is asked first: a house that knows its visitor sends them back at once,
// and nobody is to be signed in without having wished it.
func (s *SignIn) leave(c echo.Context) error {
	i, err := s.issuerOf(c)
	if err != nil {
		return err
	}
	if site := c.Request().Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return c.Redirect(http.StatusSeeOther, page.SignInPath)
	}
	ctx := c.Request().Context()
	provider, err := i.discovered(ctx)
	if err != nil {
		return s.issuerAway(i, err)
	}
	v := visit{
		Issuer: i.Slug, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Next: safePath(c.QueryParam("next"), ""), Person: standingOf(c).person.ID,
	}
	id, err := member.BeginVisit(ctx, s.db, s.now(), v)
	if err != nil {
		return err
	}
	s.sessions.manager.Put(ctx, ceremonyKey, id)
	if err := s.sessions.keep(c); err != nil {
		return err
	}
	oauth := i.oauth(provider)
	return c.Redirect(http.StatusSeeOther, oauth.AuthCodeURL(v.State, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier)))
}

// issuerAway keeps what the other house said for ourselves: it may hold its secrets.
func (s *SignIn) issuerAway(i *issuer, err error) error {
	s.log.Warn("an issuer did not vouch", "issuer", i.URL, "error", fmt.Sprintf("%T", err))
	return fault.New(fault.Unavailable, "issuer.away", i.Name)
}

// comeBack serves GET /sign-in/with/:issuer/back. An account that is linked lets its person
// in; one that is not lets nobody in, whatever address it names. Somebody who is signed in
// is asked whether to link it.
func (s *SignIn) comeBack(c echo.Context) error {
	i, err := s.issuerOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var v visit
	if err := member.EndVisit(ctx, s.db, s.now(), s.ceremony(c), &v); err != nil {
		return err
	}
	if v.Issuer != i.Slug || subtle.ConstantTimeCompare([]byte(v.State), []byte(c.QueryParam("state"))) != 1 {
		return fault.New(fault.Invalid, "passkey.too_late")
	}
	if c.QueryParam("error") != "" { // the visitor, or the other house, has said no
		return c.Redirect(http.StatusSeeOther, withNext(page.SignInPath, v.Next))
	}
	who, err := i.vouch(ctx, v, c.QueryParam("code"))
	if err != nil {
		return s.issuerAway(i, err)
	}
	person, err := member.PersonOfIssuer(ctx, s.db, s.now, i.URL, who.Subject)
	unknown, isFault := fault.As(err)
	switch {
	case err == nil && v.Person == "":
		return s.enter(c, person, member.ByIssuer, v.Next)
	case err == nil && person.ID == v.Person:
		return c.Redirect(http.StatusSeeOther, accountPath)
	case err == nil:
		return fault.New(fault.Conflict, "issuer.taken")
	case !isFault:
		return err
	}
	st := standingOf(c)
	if v.Person == "" || v.Person != st.person.ID {
		p := s.newSignInPage(c, "", v.Next)
		p.Errors = page.ErrorSummary{Title: p.Lang.T("signin.failed"), Items: []page.Link{{Href: "#email", Text: p.Lang.Fault(unknown)}}}
		return c.Render(http.StatusUnprocessableEntity, "signin/signin", p)
	}
	return s.offerLink(c, i, who, st)
}

// vouch asks the other house for its visitor.
func (i *issuer) vouch(ctx context.Context, v visit, code string) (vouched, error) {
	var who vouched
	provider, err := i.discovered(ctx)
	if err != nil {
		return who, err
	}
	ctx = oidc.ClientContext(ctx, i.client)
	oauth := i.oauth(provider)
	token, err := oauth.Exchange(ctx, code, oauth2.VerifierOption(v.Verifier))
	if err != nil {
		return who, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: i.ClientID}).Verify(ctx, raw)
	if err != nil {
		return who, err
	}
	if !signedStrongly(raw) {
		return who, fmt.Errorf("the token is signed with a weak key")
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(v.Nonce)) != 1 {
		return who, fmt.Errorf("the token is for another visit")
	}
	return who, id.Claims(&who)
}

// signatures are the algorithms with which a house may sign what it says of its visitor.
// What rests on a secret that both know, and what is not signed, are none of them.
var signatures = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// leastRSA is how long an RSA signature is at least, in bytes: it is as long as its key, so
// that this is one of 2048 bits.
const leastRSA = 256

// signedStrongly looks with what a token is signed whose signature is known to be the
// house's.
func signedStrongly(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return false
	}
	var said struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(head, &said) != nil || !slices.Contains(signatures, said.Alg) {
		return false
	}
	rsa := strings.HasPrefix(said.Alg, "RS") || strings.HasPrefix(said.Alg, "PS")
	return !rsa || base64.RawURLEncoding.DecodedLen(len(parts[2])) >= leastRSA
}

// link is what waits for its person's word.
type link struct{ Issuer, Subject, Person string }

type issuerPage struct {
	page.Base
	Name, Email string
	Action      string
}

// offerLink asks whether the account is to open this person's sign-in from now on. Only one
// whose address the other house has checked, and that is the person's own, is offered.
func (s *SignIn) offerLink(c echo.Context, i *issuer, who vouched, st standing) error {
	if !who.Verified || !strings.EqualFold(who.Email, st.person.Email) {
		return fault.New(fault.Conflict, "issuer.other_address", i.Name)
	}
	id, err := member.BeginVisit(c.Request().Context(), s.db, s.now(), link{i.URL, who.Subject, st.person.ID})
	if err != nil {
		return err
	}
	s.sessions.manager.Put(c.Request().Context(), ceremonyKey, id)
	if err := s.sessions.keep(c); err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = accountPath
	return c.Render(http.StatusOK, "signin/issuer", issuerPage{Base: b, Name: i.Name, Email: who.Email, Action: accountPath + "/issuers"})
}

// linkIssuer serves POST /account/issuers: the person has said yes.
func (s *SignIn) linkIssuer(c echo.Context) error {
	var l link
	ctx, person := c.Request().Context(), standingOf(c).person.ID
	if err := member.EndVisit(ctx, s.db, s.now(), s.ceremony(c), &l); err != nil {
		return err
	}
	if l.Subject == "" || l.Person != person {
		return fault.New(fault.Invalid, "passkey.too_late")
	}
	if err := member.LinkIssuer(ctx, s.db, s.now, person, l.Issuer, l.Subject); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=issuer-linked")
}

// unlinkIssuer serves POST /account/issuers/:issuer/remove.
func (s *SignIn) unlinkIssuer(c echo.Context) error {
	i, err := s.issuerOf(c)
	if err != nil {
		return err
	}
	if err := member.UnlinkIssuer(c.Request().Context(), s.db, s.now, standingOf(c).person.ID, i.URL); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountPath+"?notice=issuer-removed")
}

// orderly are the issuers by their names.
func (s *SignIn) orderly() []*issuer {
	return slices.SortedFunc(maps.Values(s.issuers), func(a, b *issuer) int { return strings.Compare(a.Slug, b.Slug) })
}

// visits are the ways to the issuers, for who comes in.
func (s *SignIn) visits(l i18n.Lang, next string) []page.Link {
	var all []page.Link
	for _, i := range s.orderly() {
		all = append(all, page.Link{Href: withNext(visitPath+"/"+i.Slug, next), Text: l.T("signin.issuer.sign_in", i.Name)})
	}
	return all
}

// issuerThings are the issuers of this installation, as the person has them.
func (s *SignIn) issuerThings(c echo.Context, person string) (linked []ownThing, others []page.Link, err error) {
	l := page.Of(c).Lang
	if len(s.issuers) == 0 {
		return nil, nil, nil
	}
	links, err := member.IssuersOf(c.Request().Context(), s.db, person)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range s.orderly() {
		at := time.Time{}
		for _, one := range links {
			if one.Issuer == i.URL {
				at = one.LinkedAt
			}
		}
		if at.IsZero() {
			others = append(others, page.Link{Href: visitPath + "/" + i.Slug, Text: l.T("signin.issuer.link", i.Name)})
			continue
		}
		linked = append(linked, ownThing{
			Name: i.Name, Note: l.T("signin.issuer.since", l.Date(at)), Remove: accountPath + "/issuers/" + i.Slug + "/remove",
			Button: l.T("signin.account.authenticator_remove"), About: l.T("signin.issuer.unlink", i.Name),
		})
	}
	return linked, others, nil
}
