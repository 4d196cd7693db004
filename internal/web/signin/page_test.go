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
		"factor": factorPage{Errors: errors, Factor: page.Factor{Code: code, Passkey: page.Passkey{Button: "Use a passkey", Plain: true, Or: "or"}}, Half: true, Action: "/sign-in/factor", Next: "/office"},
		"again":  againPage{Errors: errors, Factor: page.Factor{Code: code, Passkey: page.Passkey{Button: "Use a passkey", Plain: true, Or: "or"}}, Action: "/office/x", Typed: []hidden{{"reason", "Because"}}},
		"authenticator": authenticatorPage{
			Required: required{"T", "X"}, Square: square{"M4 4h1v1h-1z", 33}, Secret: "AAAA BBBB", URI: "otpauth://totp/x",
			Code: page.Field{ID: "code", Name: "code", Label: "Code"}, Action: "/account/authenticator", Next: "/office",
		},
		"passkey":      passkeyPage{Name: page.Field{ID: "name", Name: "name", Label: "Name"}, Passkey: page.Passkey{Button: "Make it"}, Action: "/account/passkeys"},
		"reset":        resetPage{Errors: page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#email", Text: "x"}}}, Email: page.Field{ID: "email", Name: "email", Label: "E-mail"}, Sent: true, Action: "/sign-in/reset"},
		"new-password": passwordPage{Errors: page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#password", Text: "x"}}}, Own: true, New: page.Field{ID: "password", Name: "password", Label: "Password"}, Action: "/account/password"},
		"issuer":       issuerPage{Name: "Google", Email: "a@b.ua", Action: "/account/issuers"},
		"codes":        codesPage{Whose: "a@b.ua", Codes: []string{"aaaa-bbbb-cccc-dddd"}, Next: "/office"},
		"account": accountPage{Notice: page.Notice{Title: "Done"}, Email: "a@b.ua", Required: required{"T", "X"}, Authenticator: "Since", Recovery: "9 left", Others: true,
			Issuers: []ownThing{{Name: "Google", Remove: "/z", Button: "Remove", About: "Unlink Google"}}, Linkable: []page.Link{{Href: "/sign-in/with/x", Text: "Link X"}},
			Passkeys: []ownThing{{Name: "Phone", Note: "Made", Remove: "/x", About: "Remove Phone"}}, Sessions: []ownThing{{Name: "Firefox", Note: "From", Here: true}, {Name: "Chrome", Remove: "/y", About: "End Chrome"}}},
		"data":    dataPage{File: "/account/data.json"},
		"stop":    stopLettersPage{Kind: "Digests", Wanted: true, Action: "/letters/x"},
		"address": addressPage{Action: "/addresses/x"},
		"letters": lettersPage{
			Notice: page.Notice{Title: "Done"}, Email: "a@b.ua", Back: "2 March", Ask: page.Press{Action: "/a", Text: "Ask"},
			Kinds: []kindOfLetter{{Name: "Digests", Note: "You get them", Press: page.Press{Action: "/l", Text: "Stop", Whom: "Digests"}}},
		},
		"erase": erasePage{
			Errors: page.ErrorSummary{Title: "No", Items: []page.Link{{Text: "Check it"}}}, First: []page.Link{{Href: "/x", Text: "An owner of X"}, {Text: "Y"}},
			Ask: page.Ask{Action: "/account/erase", Button: "Erase", Questions: page.Fields(code)},
		},
		"trail": page.List{Title: "Your trail", Lead: "All of it", Empty: page.Empty{Title: "Nothing", Text: "Yet"}, Pager: page.Pager{Label: "Pages", Older: "/account/trail?after=1"}},
		"signin": signInPage{
			Errors:   page.ErrorSummary{Title: "No", Items: []page.Link{{Href: "#email", Text: "Check both"}}},
			Email:    page.Field{ID: "email", Name: "email", Type: "email", Label: "E-mail", Value: "a@b.ua", Required: true},
			Password: page.Field{ID: "password", Name: "password", Type: "password", Label: "Password"},
			Action:   "/sign-in", Next: "/portal", Notice: page.Notice{Title: "Done"}, Passkey: page.Passkey{Button: "Sign in with a passkey", Plain: true},
		},
	})
}
