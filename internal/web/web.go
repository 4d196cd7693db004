// Package web is the front of the house: Echo, what every request passes through, and the
// doors. It knows which door has which address and which guard, and nothing of what
// happens behind them.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"kopiyka/internal/bank"
	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/fault"
	"kopiyka/internal/gateway"
	"kopiyka/internal/member"
	"kopiyka/internal/pg"
	"kopiyka/internal/report"
	"kopiyka/internal/web/api"
	"kopiyka/internal/web/hook"
	"kopiyka/internal/web/join"
	"kopiyka/internal/web/office"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/portal"
	"kopiyka/internal/web/signin"
	"kopiyka/internal/web/site"
)

// Parts are what the doors are made of.
type Parts struct {
	DB      *sqlx.DB
	Gateway *gateway.Gateway
	Now     clock.Clock
	Log     *slog.Logger
	Config  config.Config
	Wake    func()                      // tells the workers that an event was kept
	Working func(context.Context) error // nil while the workers run
	Vault   *member.Vault               // seals the secrets of authenticator apps
	Checks  []bank.Check                // what the books are compared with beside the banks
}

// Web serves every address of the site.
type Web struct {
	echo  *echo.Echo
	cache *page.Cache
}

// New opens the doors. It fails when a template cannot be parsed.
func New(p Parts) (*Web, error) {
	renderer, err := page.New(page.Options{Origin: p.Config.URL, Sandbox: p.Config.StripeBase != "", Away: pg.Away})
	if err != nil {
		return nil, fmt.Errorf("prepare the pages: %w", err)
	}
	proxies, err := p.Config.ProxyNetworks()
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Renderer = renderer
	e.HTTPErrorHandler = renderer.Errors(p.Log)
	e.IPExtractor = hostOf(proxies)
	e.Use(
		middleware.RequestID(),
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: func(_ echo.Context, err error, stack []byte) error {
			p.Log.Error("a handler panicked", "error", err, "stack", string(stack))
			return err
		}}),
		(&refusals{log: p.Log, now: p.Now}).middleware,
		page.Headers{Secure: p.Config.Secure(), FormOrigins: originsOf(p.Config)}.Middleware(),
		renderer.Frame,
		otherMethods(e),
	)
	w := &Web{echo: e, cache: page.NewCache()}
	if err := w.open(p, renderer); err != nil {
		return nil, err
	}
	return w, nil
}

// mostBody is what a form may hold. The webhook door and what takes files have limits of
// their own.
const mostBody = "1M"

// takesFiles holds for the addresses that take files. They have limits of their own.
func takesFiles(c echo.Context) bool {
	return c.Request().Method == http.MethodPost && (c.Path() == office.StatementsPath || c.Path() == office.ImportsPath || strings.HasSuffix(c.Path(), "/logo"))
}

// open adds the doors, each with its guards.
func (w *Web) open(p Parts, renderer *page.Renderer) error {
	e := w.echo
	reports := report.New(p.DB)
	issuers, err := p.Config.Issuers()
	if err != nil {
		return err
	}
	door, err := signin.New(signin.Parts{DB: p.DB, Now: p.Now, URL: p.Config.URL, Vault: p.Vault, Issuers: issuers, Log: p.Log})
	if err != nil {
		return err
	}

	e.Match([]string{http.MethodGet, http.MethodHead}, page.AssetPrefix+"*", renderer.Assets.Serve)
	hook.New(p.Gateway, p.DB, p.Now, p.Wake, p.Log).Routes(e.Group(""))
	slow := newPace(p.Now, p.Config.Rate)
	counted := limited(p.DB, p.Now)
	api.New(reports, p.Now, p.Log,
		api.Check{Name: "database", Ask: func(ctx context.Context) error { return p.DB.PingContext(ctx) }},
		api.Check{Name: "migrations", Ask: func(ctx context.Context) error { return pg.CheckMigrated(ctx, p.DB) }},
		api.Check{Name: "workers", Ask: p.Working},
	).Routes(e.Group("", slow.middleware, counted))

	visited := []echo.MiddlewareFunc{slow.middleware, middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Limit: mostBody, Skipper: takesFiles}), sameOrigin, door.Load, counted}
	door.Routes(e.Group("", visited...))
	portal.New(p.DB, p.Gateway, p.Now, p.Log).Guarded(door.CompanyFactor, door.Fresh).Routes(e.Group("", visited...))
	public := site.New(reports, renderer, w.cache)
	office.New(p.DB, p.Gateway, p.Now, p.Checks...).Previews(public.Preview).Routes(e.Group("", append(visited[:len(visited):len(visited)], door.Factor)...), door.Fresh)
	join.New(p.DB, p.Now, p.Config.URL).Routes(e.Group("", visited...))
	public.Routes(e.Group("", visited...))
	return nil
}

// ServeHTTP answers a request.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.echo.ServeHTTP(rw, headAsGet(w.echo, r))
}

// Changed tells that something on a public page is new: no page made before is served again.
func (w *Web) Changed() { w.cache.Invalidate() }

// Routes lists every address, for tests that ask whether each is guarded.
func (w *Web) Routes() []*echo.Route { return w.echo.Routes() }

// sameOrigin refuses what another site's page makes a browser send. Programs send no
// Origin and pass; they have no cookie that could be abused either.
func sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if protection.Check(c.Request()) != nil {
			return fault.New(fault.Forbidden, "cross_origin")
		}
		return next(c)
	}
}

// hostOf tells which address a request came from. X-Forwarded-For is believed from the
// configured proxies alone; by itself Echo would believe it from anybody.
func hostOf(proxies []*net.IPNet) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range proxies {
		trust = append(trust, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// originsOf are the places that a form may lead to besides Stripe's own checkout.
func originsOf(c config.Config) []string {
	if c.StripePageOrigin == "" {
		return nil
	}
	return []string{c.StripePageOrigin}
}
