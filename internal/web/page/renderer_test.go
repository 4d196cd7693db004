package page

import (
	"strings"
	"testing"

	"kopiyka/internal/i18n"
)

func strict(t *testing.T) *Renderer {
	t.Helper()
	r, err := New(Options{Origin: "https://help.example.org", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryTemplateParsesInBothLanguages(t *testing.T) {
	r := strict(t)
	for name, langs := range r.pages {
		if len(langs) != len(i18n.Langs()) {
			t.Errorf("%s is parsed in %d languages", name, len(langs))
		}
	}
	body, err := r.Bytes("layout/error", Fault{Base: r.base(i18n.EN), Title: "T<b>"})
	if err != nil {
		t.Fatal(err)
	}
	if s := string(body); !strings.Contains(s, `<html lang="en">`) || !strings.Contains(s, "<h1>T&lt;b&gt;</h1>") {
		t.Errorf("error page:\n%s", s)
	}
}
