package page

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/templates"
)

// files are the compiled-in files with the named fonts and no others.
func files(t *testing.T, fonts ...string) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(templates.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "fonts/") {
			return err
		}
		body, err := fs.ReadFile(templates.Files, name)
		all[name] = &fstest.MapFile{Data: body}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fonts {
		all["fonts/"+f] = &fstest.MapFile{Data: []byte("font " + f)}
	}
	return all
}

func get(t *testing.T, a *Assets, url string, header ...string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	c := echo.New().NewContext(req, rec)
	c.SetParamNames("*")
	c.SetParamValues(strings.TrimPrefix(url, AssetPrefix))
	return rec, a.Serve(c)
}

func TestAssetsAreKeptForGoodUnderTheirHash(t *testing.T) {
	a, err := newAssets(files(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "mark.svg": "image/svg+xml"} {
		url, err := a.URL(name)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := get(t, a, url, "Accept-Encoding", "gzip")
		if err != nil {
			t.Fatal(err)
		}
		h := rec.Header()
		if h.Get("Content-Type") != kind || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v", name, h)
		}
		again, err := get(t, a, url, "Accept-Encoding", "gzip", "If-None-Match", h.Get("ETag"))
		if err != nil || again.Code != http.StatusNotModified {
			t.Errorf("%s asked for again: %d, %v", name, again.Code, err)
		}
	}
	for _, gone := range []string{"/assets/app.css", "/assets/", "/assets/../templates.go"} {
		if _, err := get(t, a, gone); !errors.Is(err, echo.ErrNotFound) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	if _, err := a.URL("logo.png"); err == nil {
		t.Error("an unknown asset has an address")
	}
}

func TestTheHashFollowsTheContent(t *testing.T) {
	before, err := newAssets(files(t))
	if err != nil {
		t.Fatal(err)
	}
	changed := files(t)
	changed["assets/css/pages.css"].Data = append(changed["assets/css/pages.css"].Data, "/* x */"...)
	after, err := newAssets(changed)
	if err != nil {
		t.Fatal(err)
	}
	if before.urls["app.css"] == after.urls["app.css"] || before.urls["app.js"] != after.urls["app.js"] {
		t.Errorf("before %v\nafter %v", before.urls, after.urls)
	}
}

func TestFontsAreNamedByTheStyleSheetOnlyWhenAllAreThere(t *testing.T) {
	with, err := newAssets(files(t, templates.Fonts...))
	if err != nil {
		t.Fatal(err)
	}
	css := string(with.files[strings.TrimPrefix(with.urls["app.css"], AssetPrefix)].plain)
	for _, font := range templates.Fonts {
		url := with.urls["fonts/"+font]
		if !strings.Contains(css, `url("`+url+`")`) {
			t.Errorf("the style sheet does not name %s", url)
		}
		rec, err := get(t, with, url, "Accept-Encoding", "gzip")
		if err != nil || rec.Header().Get("Content-Type") != "font/woff2" || rec.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %v, %v", url, err, rec.Header())
		}
	}
	if strings.Contains(css, `"fonts/`) {
		t.Error("the style sheet names a font that nobody serves")
	}
	if uk, en := with.preloads(i18n.UK), with.preloads(i18n.EN); len(uk) != 2 || len(en) != 0 {
		t.Errorf("preloaded: %v, %v", uk, en)
	}
	without, err := newAssets(files(t, templates.Fonts[1:]...))
	if err != nil {
		t.Fatal(err)
	}
	if css := string(without.files[strings.TrimPrefix(without.urls["app.css"], AssetPrefix)].plain); strings.Contains(css, "@font-face") || without.preloads(i18n.UK) != nil {
		t.Error("a page asks for fonts that are not there")
	}
}

func TestEveryStyleSheetIsJoinedOnce(t *testing.T) {
	var there []string
	err := fs.WalkDir(templates.Files, "assets/css", func(name string, d fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".css" {
			there = append(there, strings.TrimSuffix(strings.TrimPrefix(name, "assets/css/"), ".css"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	joined := slices.Sorted(slices.Values(templates.Styles))
	slices.Sort(there)
	if !slices.Equal(joined, there) {
		t.Errorf("joined %v\nthere are %v", joined, there)
	}
}
