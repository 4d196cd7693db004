package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/templates"
)

// AssetPrefix is the address below which assets are served.
const AssetPrefix = "/assets/"

// Assets are the style sheet, the script, the mark and the fonts, each under an address
// that holds its hash. An address therefore never changes its content and may be kept for
// good; a new build has new addresses.
type Assets struct {
	urls  map[string]string // "app.css" → "/assets/app.4f3c….css"
	files map[string]asset  // by what follows the prefix
}

type asset struct {
	kind, etag  string
	plain, gzip []byte
}

func newAssets(files fs.FS) (*Assets, error) {
	a := &Assets{urls: map[string]string{}, files: map[string]asset{}}
	for _, name := range templates.Fonts {
		body, err := fs.ReadFile(files, "fonts/"+name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a font: %w", err)
		}
		a.add("fonts/"+name, "font/woff2", body, false)
	}
	css, err := a.styles(files)
	if err != nil {
		return nil, err
	}
	a.add("app.css", "text/css; charset=utf-8", css, true)
	for name, kind := range map[string]string{"app.js": "text/javascript; charset=utf-8", "passkey.js": "text/javascript; charset=utf-8", "mark.svg": "image/svg+xml"} {
		body, err := fs.ReadFile(files, "assets/"+name)
		if err != nil {
			return nil, fmt.Errorf("read an asset: %w", err)
		}
		a.add(name, kind, body, true)
	}
	return a, nil
}

// styles joins the style sheets in their order. Faces come along only when all their files
// are there, so that no page asks for a font in vain.
func (a *Assets) styles(files fs.FS) ([]byte, error) {
	var all bytes.Buffer
	for _, name := range templates.Styles {
		body, err := fs.ReadFile(files, "assets/css/"+name+".css")
		if err != nil {
			return nil, fmt.Errorf("join the style sheets: %w", err)
		}
		if name == "fonts" {
			if !a.hasFonts() {
				continue
			}
			for _, font := range templates.Fonts {
				body = bytes.ReplaceAll(body, []byte(`"fonts/`+font+`"`), []byte(`"`+a.urls["fonts/"+font]+`"`))
			}
		}
		all.Write(body)
		all.WriteByte('\n')
	}
	return all.Bytes(), nil
}

func (a *Assets) hasFonts() bool {
	for _, font := range templates.Fonts {
		if a.urls["fonts/"+font] == "" {
			return false
		}
	}
	return true
}

func (a *Assets) add(name, kind string, body []byte, squeeze bool) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:8])
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hash + ext
	f := asset{kind: kind, etag: hash, plain: body}
	if squeeze {
		f.gzip = squeezed(body)
	}
	a.urls[name] = AssetPrefix + hashed
	a.files[hashed] = f
}

// URL is the address of an asset, such as "app.css". Templates name assets by hand, so a
// misspelt one fails the page that names it.
func (a *Assets) URL(name string) (string, error) {
	u, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return u, nil
}

// preloads are the fonts that a page in l needs before its style sheet is read.
func (a *Assets) preloads(l i18n.Lang) []string {
	if l != i18n.UK || !a.hasFonts() {
		return nil
	}
	var all []string
	for _, font := range templates.Preloaded {
		all = append(all, a.urls["fonts/"+font])
	}
	return all
}

// Serve answers GET and HEAD below AssetPrefix. Register it as AssetPrefix + "*".
func (a *Assets) Serve(c echo.Context) error {
	f, ok := a.files[c.Param("*")]
	if !ok {
		return echo.ErrNotFound
	}
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	h.Set(echo.HeaderXContentTypeOptions, "nosniff")
	if f.gzip != nil {
		h.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	}
	return send(c, f.kind, f.etag, f.plain, f.gzip)
}

// send writes a body in the encoding that the browser takes, or 304 to whoever has it.
// gzip may be nil.
func send(c echo.Context, kind, hash string, plain, gzip []byte) error {
	h := c.Response().Header()
	body, etag := plain, `"`+hash+`"`
	if gzip != nil && takesGzip(c.Request()) {
		body, etag = gzip, `"`+hash+`-gz"`
		h.Set(echo.HeaderContentEncoding, "gzip")
	}
	h.Set("ETag", etag)
	if hasTag(c.Request().Header.Get("If-None-Match"), etag) {
		h.Del(echo.HeaderContentEncoding)
		return c.NoContent(http.StatusNotModified)
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	if c.Request().Method == http.MethodHead {
		h.Set(echo.HeaderContentType, kind)
		return c.NoContent(http.StatusOK)
	}
	return c.Blob(http.StatusOK, kind, body)
}

// takesGzip reads Accept-Encoding. A refusal by "q=0" is a refusal.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get(echo.HeaderAcceptEncoding), ",") {
		coding, q, _ := strings.Cut(part, ";")
		if c := strings.ToLower(strings.TrimSpace(coding)); c != "gzip" && c != "x-gzip" && c != "*" {
			continue
		}
		q = strings.ReplaceAll(q, " ", "")
		return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
	}
	return false
}

// hasTag compares weakly, as RFC 9110 asks of If-None-Match.
func hasTag(header, etag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimSpace(given)
		if given == "*" || strings.TrimPrefix(given, "W/") == etag {
			return true
		}
	}
	return false
}

func squeezed(body []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	// A bytes.Buffer takes everything, so neither call can fail.
	_, _ = w.Write(body)
	_ = w.Close()
	return buf.Bytes()
}
