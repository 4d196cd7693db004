package page_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// context is a request that has passed the frame.
func context(t *testing.T, r *page.Renderer, method, target string, header ...string) (echo.Context, *httptest.ResponseRecorder) {
	t.Helper()
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	c := echo.New().NewContext(req, rec)
	if err := r.Frame(func(echo.Context) error { return nil })(c); err != nil {
		t.Fatal(err)
	}
	return c, rec
}

func TestTheErrorPageTakesItsModel(t *testing.T) {
	pagetest.Check(t, pagetest.Renderer(t), "layout/error", page.Fault{Status: 404, Title: "T", Text: "x", Hint: "h", RequestID: "1", OfferSignIn: true})
}

func TestAPageEscapesWhatItIsTold(t *testing.T) {
	body, err := pagetest.Renderer(t).Bytes("layout/error", page.Fault{Base: page.Base{Lang: i18n.EN}, Title: "<b>&", Text: `"><script>`})
	if err != nil {
		t.Fatal(err)
	}
	if s := string(body); !strings.Contains(s, "<h1>&lt;b&gt;&amp;</h1>") || strings.Contains(s, `"><script>`) {
		t.Errorf("not escaped:\n%s", s)
	}
}

func TestRenderNeedsABaseAndKeepsPrivatePagesOutOfCaches(t *testing.T) {
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/portal")
	if err := r.Render(rec, "layout/error", map[string]any{}, c); err == nil {
		t.Error("a map was taken for a page")
	}
	if rec.Body.Len() > 0 {
		t.Error("a failed page wrote something")
	}
	if err := r.Render(rec, "layout/error", page.Fault{Base: page.Of(c)}, c); err != nil {
		t.Fatal(err)
	}
	if got := rec.Header().Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control = %q", got)
	}
	if err := r.Render(rec, "no/such", page.Fault{Base: page.Of(c)}, c); err == nil {
		t.Error("an unknown page was rendered")
	}
}

func TestTheLanguageComesFromTheAddressThenTheSwitchThenTheCookieThenTheBrowser(t *testing.T) {
	r := pagetest.Renderer(t)
	for _, x := range []struct {
		target string
		header []string
		want   i18n.Lang
	}{
		{"/en/campaigns/x?lang=uk", []string{"Cookie", "lang=uk"}, i18n.EN},
		{"/portal?lang=en", []string{"Cookie", "lang=uk"}, i18n.EN},
		{"/portal", []string{"Cookie", "lang=en"}, i18n.EN},
		{"/portal?lang=xx", []string{"Cookie", "lang=xx", "Accept-Language", "en"}, i18n.EN},
		{"/portal", []string{"Accept-Language", "en-GB"}, i18n.EN},
		{"/english", nil, i18n.UK},
	} {
		c, _ := context(t, r, http.MethodGet, x.target, x.header...)
		if got := page.Of(c).Lang; got != x.want {
			t.Errorf("%s %v = %s, want %s", x.target, x.header, got, x.want)
		}
	}
}

func TestTheSwitchKeepsThePage(t *testing.T) {
	for path, want := range map[string][2]string{
		"/uk/campaigns/x?page=2": {"/uk/campaigns/x?page=2", "/en/campaigns/x?page=2"},
		"/uk":                    {"/uk/", "/en/"},
		"/uk?x=1":                {"/uk/?x=1", "/en/?x=1"},
		"/portal/pledges?a=b":    {"/portal/pledges?a=b&lang=uk", "/portal/pledges?a=b&lang=en"},
		"/portal":                {"/portal?lang=uk", "/portal?lang=en"},
	} {
		got := page.Base{Lang: i18n.UK, Path: path}.Switch()
		if got[0].Href != want[0] || got[1].Href != want[1] {
			t.Errorf("%s = %s, %s, want %v", path, got[0].Href, got[1].Href, want)
		}
		if !got[0].Current || got[1].Current {
			t.Errorf("%s: the wrong language is current", path)
		}
	}
}

// A browser reads a link to "//host" as another site.
func TestAnAddressWithTwoSlashesStaysHere(t *testing.T) {
	c, _ := context(t, pagetest.Renderer(t), http.MethodGet, "http://help.example.org//evil.example/x")
	for _, l := range page.Of(c).Switch() {
		if strings.HasPrefix(l.Href, "//") {
			t.Errorf("the switch leads to %s", l.Href)
		}
	}
}

func TestOnlyPagesOfEachLanguageAreForSearchEngines(t *testing.T) {
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/en/campaigns/x?page=2")
	if err := r.Render(rec, "layout/error", page.Fault{Base: page.Of(c)}, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<link rel="canonical" href="https://help.example.org/en/campaigns/x">`,
		`<link rel="alternate" hreflang="uk" href="https://help.example.org/uk/campaigns/x">`,
		`<html lang="en">`,
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("public page lacks %s", want)
		}
	}
	c, rec = context(t, r, http.MethodGet, "/portal")
	if err := r.Render(rec, "layout/error", page.Fault{Base: page.Of(c)}, c); err != nil {
		t.Fatal(err)
	}
	if s := rec.Body.String(); !strings.Contains(s, `content="noindex"`) || strings.Contains(s, "canonical") {
		t.Error("a private page may be indexed")
	}
}

func TestTheFrameNamesTheVisitorAndOffersToLeave(t *testing.T) {
	r := pagetest.Renderer(t)
	c, rec := context(t, r, http.MethodGet, "/portal")
	page.SetVisitor(c, &page.Visitor{Name: "Ірина <Ш>", Line: "Ґанок Софт", Portal: "/portal"})
	if err := r.Render(rec, "layout/error", page.Fault{Base: page.Of(c)}, c); err != nil {
		t.Fatal(err)
	}
	s := rec.Body.String()
	if !strings.Contains(s, "Ірина &lt;Ш&gt;") || !strings.Contains(s, `action="`+page.SignOutPath+`" method="post"`) || strings.Contains(s, `href="`+page.SignInPath) {
		t.Errorf("the bar of the visitor is wrong:\n%s", s)
	}
}

func TestSignInComesBackToThePage(t *testing.T) {
	for path, want := range map[string]string{
		"":                           "",
		page.SignInPath + "?next=/x": "",
		page.SignOutPath:             "",
		"/portal/pledges?a=1&b=2":    "?next=%2Fportal%2Fpledges%3Fa%3D1%26b%3D2",
	} {
		if got := (page.Base{Path: path}).SignIn(); got != page.SignInPath+want {
			t.Errorf("%q = %q, want %q", path, got, page.SignInPath+want)
		}
	}
}
