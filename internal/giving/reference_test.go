package giving_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kopiyka/internal/giving"
)

// The standard's own example, lengthened to our form by zeros, which change no remainder's rule.
func TestReferenceFollowsTheStandard(t *testing.T) {
	for reference, want := range map[giving.Reference]bool{
		"RF712348231":              false, // ISO 11649's own example: right, and not of our length
		"RF" + "00" + "0000000000": false,
		"":                         false, "RF": false, "XX18000000539007": false,
	} {
		if reference.Valid() != want {
			t.Errorf("%q: valid = %t", reference, !want)
		}
	}
	for range 1000 {
		if r := giving.NewReference(); !r.Valid() {
			t.Fatalf("%q is not valid", r)
		}
	}
}

func TestMistypedReferenceIsCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := giving.NewReference()
		at := rapid.IntRange(2, len(r)-1).Draw(t, "at")
		signs := "0123456789"
		if r[at] >= 'A' { // a letter counts as two digits, so one typed for a digit may slip through
			signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		}
		sign := rapid.SampledFrom([]byte(signs)).Draw(t, "sign")
		typed := []byte(r)
		if typed[at] == sign {
			return
		}
		typed[at] = sign
		if giving.Reference(typed).Valid() {
			t.Errorf("%s typed for %s passes", typed, r)
		}
	})
}

func TestReferenceIsFoundInWhatPayersWrite(t *testing.T) {
	a, b := giving.NewReference(), giving.NewReference()
	cyrillic := strings.NewReplacer("A", "А", "B", "В", "C", "С", "E", "Е", "H", "Н", "K", "К", "M", "М", "P", "Р", "T", "Т", "X", "Х", "Y", "У")
	for text, want := range map[string][]giving.Reference{
		string(a):  {a},
		a.String(): {a},
		"Благодійний внесок " + strings.ToLower(a.String()): {a},
		"внесок " + cyrillic.Replace(string(a)):             {a},
		"RF" + string(a): {a},
		a.String() + ", " + b.String() + "; " + string(a): {a, b},
		string(a[:9]) + "\r\n" + string(a[9:]):            {a},
		string(a[:9]) + "." + string(a[9:]):               nil,
		"без призначення":                                 nil,
		"":                                                nil,
	} {
		if got := giving.FindReferences(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzFindReferences(f *testing.F) {
	f.Add(string(giving.NewReference()))
	f.Add("RF RF RF18 00")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range giving.FindReferences(text) {
			if !r.Valid() {
				t.Errorf("%q in %q is not valid", r, text)
			}
		}
	})
}
