package i18n

import (
	"slices"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is one by its ISO 3166 code and its name in a language.
type Country struct{ Code, Name string }

// Countries are all countries in the order of their names, Ukraine first.
func (l Lang) Countries() []Country {
	if l == EN {
		return countriesEN()
	}
	return countriesUK()
}

var (
	countriesUK = sync.OnceValue(func() []Country { return countries(language.Ukrainian) })
	countriesEN = sync.OnceValue(func() []Country { return countries(language.BritishEnglish) })
)

func countries(tag language.Tag) []Country {
	names, order := display.Regions(tag), collate.New(tag)
	var all []Country
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.Canonicalize().String() != code {
				continue
			}
			if name := names.Name(r); name != "" {
				all = append(all, Country{code, name})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y Country) int {
		switch {
		case x.Code == "UA":
			return -1
		case y.Code == "UA":
			return 1
		}
		return order.CompareString(x.Name, y.Name)
	})
	return all
}

// CountryName is a country's name, or its code when nobody knows it.
func (l Lang) CountryName(code string) string {
	for _, c := range l.Countries() {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}
