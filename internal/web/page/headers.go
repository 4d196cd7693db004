package page

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
)

// Headers keep a browser from doing what no page of ours asks of it.
type Headers struct {
	Secure      bool     // browsers come over https
	FormOrigins []string // where forms may lead besides here, such as the sandbox's own till
}

// Middleware sets the headers on every answer.
//
// Stripe's checkout is among the targets of forms because a browser applies form-action to
// the redirect that follows a POST, and would stop the way to the payment page.
func (o Headers) Middleware() echo.MiddlewareFunc {
	forms := append([]string{"'self'", "https://checkout.stripe.com"}, o.FormOrigins...)
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self' data:", "connect-src 'self'",
		"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action " + strings.Join(forms, " "),
	}, "; ")
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set(echo.HeaderContentSecurityPolicy, policy)
			h.Set(echo.HeaderXContentTypeOptions, "nosniff")
			h.Set(echo.HeaderReferrerPolicy, "strict-origin-when-cross-origin")
			if strings.HasSuffix(c.Path(), "/:token") { // the link of a letter opens something
				h.Set(echo.HeaderReferrerPolicy, "no-referrer")
				h.Set(echo.HeaderCacheControl, "no-store")
			}
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
			if o.Secure {
				h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000; includeSubDomains")
			}
			c.Response().Before(func() { sayWhen(c.Response()) })
			return next(c)
		}
	}
}

// RetryAfter tells programs when they may ask again, as a refusal says.
func RetryAfter(c echo.Context, f *fault.Fault) {
	if f.After > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(f.After.Seconds()))))
	}
}

// soon is when to ask again where nobody has said: an outage of ours or of Stripe's is
// mostly a restart.
const soon = 15 * time.Second

// sayWhen sees to it that no answer says "too often" or "not now" without "when".
func sayWhen(r *echo.Response) {
	if asked := r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable; asked && r.Header().Get(echo.HeaderRetryAfter) == "" {
		r.Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(soon.Seconds())))
	}
}
