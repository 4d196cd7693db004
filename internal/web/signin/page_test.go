package signin

import (
	"testing"

	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
)

// Every template stands on its struct, full and empty, in both languages.
func TestPages(t *testing.T) {
	code := page.Field{ID: "proof_code", Name: "proof_code", Label: "Code", Hint: "Six digits", Error: "Wrong"}
	errors := page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#proof_code", Text: "Check it"}}}
	pagetest.Door(t, "signin", map[string]page.Model{
		"factor": factorPage{Errors: errors, Factor: page.Factor{Code: code, Passkey: true}, Half: true, Action: "/sign-in/factor", Next: "/office"},
		"again":  againPage{Errors: errors, Factor: page.Factor{Code: code, Passkey: true}, Action: "/office/x", Typed: []hidden{{"reason", "Because"}}},
		"authenticator": authenticatorPage{
			Required: true, Square: square{"M4 4h1v1h-1z", 33}, Secret: "AAAA BBBB", URI: "otpauth://totp/x",
			Code: page.Field{ID: "code", Name: "code", Label: "Code"}, Action: "/account/authenticator", Next: "/office",
		},
		"codes":   codesPage{Codes: []string{"aaaa-bbbb-cccc-dddd"}, Next: "/office"},
		"account": accountPage{Notice: page.Notice{Title: "Done"}, Email: "a@b.ua", Required: true, Authenticator: "Since", Recovery: "9 left"},
		"signin": signInPage{
			Errors:   page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#email", Text: "Check both"}}},
			Email:    page.Field{ID: "email", Name: "email", Type: "email", Label: "E-mail", Value: "a@b.ua", Required: true},
			Password: page.Field{ID: "password", Name: "password", Type: "password", Label: "Password"},
			Action:   "/sign-in", Next: "/portal",
		},
	})
}
