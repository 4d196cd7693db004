package roster

import "kopiyka/internal/i18n"

// Factor says whether a company asks a second factor of all who act for it.
func Factor(l i18n.Lang, asked bool) string {
	if asked {
		return l.T("people.factor.on")
	}
	return l.T("people.factor.off")
}
