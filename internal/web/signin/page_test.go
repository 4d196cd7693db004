package signin

import (
	"testing"

	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// Every template stands on its struct, full and empty, in both languages.
func TestPages(t *testing.T) {
	pagetest.Door(t, "signin", map[string]page.Model{
		"signin": signInPage{
			Errors:   page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#email", Text: "Check both"}}},
			Email:    page.Field{ID: "email", Name: "email", Type: "email", Label: "E-mail", Value: "a@b.ua", Required: true},
			Password: page.Field{ID: "password", Name: "password", Type: "password", Label: "Password"},
			Action:   "/sign-in", Next: "/portal",
		},
	})
}
