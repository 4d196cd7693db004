package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

//go:embed openapi.json
var description []byte

// openapi serves GET /api/openapi.json: what this door answers, for programs that write
// programs.
func (a *API) openapi(c echo.Context) error {
	return tagged(c, description)
}

// answer writes v as JSON.
func answer(c echo.Context, v any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return tagged(c, body.Bytes())
}

// tagged writes a body under its hash, or 304 to whoever has it already. Nobody may use a
// kept copy without asking: money that came shows at once.
func tagged(c echo.Context, body []byte) error {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	h := c.Response().Header()
	h.Set("ETag", tag)
	h.Set(echo.HeaderCacheControl, "public, no-cache")
	if has(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
}

// has compares weakly, as RFC 9110 asks of If-None-Match: a proxy that compressed the body
// marks the tag as weak.
func has(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimSpace(given)
		if given == "*" || strings.TrimPrefix(given, "W/") == tag {
			return true
		}
	}
	return false
}
