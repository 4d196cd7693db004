package i18n_test

import (
	"testing"

	"kopiyka/internal/i18n"
)

func TestCountriesHaveNamesInBothLanguages(t *testing.T) {
	for l, want := range map[i18n.Lang][2]string{i18n.UK: {"Україна", "Польща"}, i18n.EN: {"Ukraine", "Poland"}} {
		all := l.Countries()
		if len(all) < 240 || len(all) > 260 || all[0] != (i18n.Country{Code: "UA", Name: want[0]}) || l.CountryName("PL") != want[1] || l.CountryName("??") != "??" {
			t.Errorf("%s: %d countries, the first %v, PL is %q", l, len(all), all[0], l.CountryName("PL"))
		}
		seen := map[string]bool{}
		for _, c := range all {
			if seen[c.Code] || c.Name == "" {
				t.Errorf("%s: %v is there twice or has no name", l, c)
			}
			seen[c.Code] = true
		}
	}
}
