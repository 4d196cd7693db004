// Package pagetest tries the templates of a door: every page with its view model, empty
// and full, in both languages. It is for tests alone.
package pagetest

import (
	"bytes"
	"reflect"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// A renderer does not change once made, so that all tests of a package share one.
var strict = sync.OnceValues(func() (*page.Renderer, error) {
	return page.New(page.Options{Origin: "https://help.example.org", Strict: true})
})

// Renderer is one that fails a page for a message that the catalogues lack.
func Renderer(t testing.TB) *page.Renderer {
	t.Helper()
	r, err := strict()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Door checks every page of a door against its model, a filled-in value of the struct that
// its handler renders. A template without a model fails, and so does a model without a
// template. The names lack the door: "home", not "site/home".
func Door(t *testing.T, door string, models map[string]page.Model) {
	t.Helper()
	r := Renderer(t)
	for _, name := range r.Pages() {
		if short, ok := strings.CutPrefix(name, door+"/"); ok && models[short] == nil {
			t.Errorf("%s has no model in this test", name)
		}
	}
	for short, full := range models {
		t.Run(short, func(t *testing.T) { Check(t, r, door+"/"+short, full) })
	}
}

// Check renders a page with its model full and empty in each language, and looks at the
// full one as a visitor's browser would: one h1, no id twice, and every label, hint and
// inner link leads to something.
func Check(t testing.TB, r *page.Renderer, name string, full page.Model) {
	t.Helper()
	for _, l := range i18n.Langs() {
		body, err := r.Bytes(name, in(l, reflect.ValueOf(full)))
		if err != nil {
			t.Errorf("%s, full, %s: %v", name, l, err)
			continue
		}
		for _, fault := range Faults(body) {
			t.Errorf("%s, %s: %s", name, l, fault)
		}
		if _, err := r.Bytes(name, in(l, reflect.Zero(reflect.TypeOf(full)))); err != nil {
			t.Errorf("%s, empty, %s: %v", name, l, err)
		}
	}
}

// in copies a model into another language.
func in(l i18n.Lang, model reflect.Value) page.Model {
	pointer := model.Kind() == reflect.Pointer
	if pointer && !model.IsNil() {
		model = model.Elem()
	}
	t := model.Type()
	if pointer && t.Kind() == reflect.Pointer {
		t = t.Elem()
		model = reflect.Zero(t)
	}
	v := reflect.New(t)
	v.Elem().Set(model)
	b := v.Elem()
	if t != reflect.TypeFor[page.Base]() {
		b = b.FieldByName("Base")
	}
	base := b.Addr().Interface().(*page.Base)
	base.Lang = l
	if pointer {
		return v.Interface().(page.Model)
	}
	return v.Elem().Interface().(page.Model)
}

// Faults are what is wrong with a page's structure, in words.
func Faults(body []byte) []string {
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return []string{err.Error()}
	}
	var (
		faults   []string
		headings int
		ids      = map[string]bool{}
		wanted   []string
	)
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "h1" {
			headings++
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				faults = append(faults, "the id "+a.Val+" is there twice")
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "for" || a.Key == "aria-describedby" || a.Key == "aria-labelledby":
				wanted = append(wanted, strings.Fields(a.Val)...)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				wanted = append(wanted, a.Val[1:])
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				faults = append(faults, "the policy stops the attribute "+a.Key+" of "+n.Data)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				faults = append(faults, "html/template refused what stands in "+a.Key+" of "+n.Data)
			}
		}
	}
	if headings != 1 {
		faults = append(faults, "a page has one h1")
	}
	for _, id := range wanted {
		if !ids[id] {
			faults = append(faults, "nothing has the id "+id)
		}
	}
	return faults
}
