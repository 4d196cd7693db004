package join

import (
	"testing"

	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// Every template stands on its struct, full and empty, in both languages.
func TestPages(t *testing.T) {
	errors := page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#email", Text: "What"}}}
	ask := page.Ask{Action: "/a", Button: "B", Questions: page.Fields(page.Field{ID: "email", Name: "email", Label: "E"})}
	link := page.Link{Href: "/l", Text: "L"}
	pagetest.Door(t, "join", map[string]page.Model{
		"apply":      applyPage{Errors: errors, Ask: ask, Steps: page.Steps{Items: []page.Step{{Title: "1", Text: "one"}}}},
		"note":       notePage{Title: "T", Text: "X", Ask: page.Ask{Action: "/a", Button: "B"}, Link: link},
		"invitation": invitationPage{Errors: errors, Title: "T", Text: "X", Factor: true, Email: "a@b.ua", New: true, Ask: ask, SignInFirst: link, OtherVisitor: "O"},
	})
}
