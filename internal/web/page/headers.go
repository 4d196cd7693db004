package page

import (
	"strings"

	"github.com/labstack/echo/v4"
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
		"base-uri 'none'", "frame-ancestors 'none'", "form-action " + strings.Join(forms, " "),
	}, "; ")
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set(echo.HeaderContentSecurityPolicy, policy)
			h.Set(echo.HeaderXContentTypeOptions, "nosniff")
			h.Set(echo.HeaderReferrerPolicy, "strict-origin-when-cross-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
			if o.Secure {
				h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000; includeSubDomains")
			}
			return next(c)
		}
	}
}
