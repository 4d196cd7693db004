package roster

import "kopiyka/internal/i18n"

// Factor says whether a company asks a second factor of all who act for it.
func Factor(l i18n.Lang, asked bool) Fact {
	f := Fact{Name: l.T("people.factor.title"), Text: l.T("people.factor.off")}
	if asked {
		f.Text = l.T("people.factor.on")
	}
	return f
}
