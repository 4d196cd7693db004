package text_test

import (
	"strings"
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/text"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct{ s, key string }{
		"nothing":        {"", ""},
		"two languages":  {"Для лікарень — for hospitals 🇺🇦👩‍⚕️\n\tдругий рядок", ""},
		"as long as may": {strings.Repeat("ї", 60), ""},
		"too long":       {strings.Repeat("ї", 61), "text.too_long"},
		"no UTF-8":       {"\xd0", "text.not_utf8"},
		"a surrogate":    {"\xed\xa0\x80", "text.not_utf8"},
		"NUL":            {"a\x00b", "text.not_utf8"},
		"escape":         {"\x1b[31mred", "text.hidden_characters"},
		"an override":    {"abc\u202egpj.exe", "text.hidden_characters"},
		"an isolate":     {"\u2066abc", "text.hidden_characters"},
		"C1":             {"\u0085", "text.hidden_characters"},
	} {
		f := text.Check("message", c.s, 60)
		if (f == nil) != (c.key == "") || f != nil && (f.Key != c.key || f.Field != "message" || f.Kind != fault.Invalid) {
			t.Errorf("%s: %v, want %q", name, f, c.key)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("Бо так", 10)
	f.Add("\u202e", 0)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if f := text.Check("x", s, most); f == nil && (strings.ContainsAny(s, "\x00\x1b\u202e") || len([]rune(s)) > most) {
			t.Errorf("%q passes", s)
		}
	})
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"ТОВ «Ґанок»": "tov-ganok", "Houses after the fire": "houses-after-the-fire", "  Щедрий — вечір!  ": "shchedryi-vechir", "п’ять": "piat",
		"2020": "2020", "": "", "中文 🇺🇦 \u200b": "", "--a--b--": "a-b", strings.Repeat("ab ", 40): strings.TrimSuffix(strings.Repeat("ab-", 20), "-"),
	} {
		if got := text.Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestBlankShowsNothing(t *testing.T) {
	for s, want := range map[string]bool{"": true, " \n\t": true, "\u200b\u200d": true, "\u00a0\u2003": true, "\u00ad": true, "a": false, "ї": false, "🇺🇦": false, "\u200b.": false} {
		if got := text.Blank(s); got != want {
			t.Errorf("Blank(%q) = %t", s, got)
		}
	}
}
