// Package roster is how companies and the people who act for them are shown and asked about,
// in the rooms that see them: the company's own, the cluster's, and the door by which they
// come in. It reads nothing and decides nothing.
package roster

import (
	"net/url"
	"time"

	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
	"kopiyka/internal/web/page"
)

// Fact is a name and what stands beside it.
type Fact struct{ Name, Text string }

// Facts are under what name and number a company is known.
func Facts(l i18n.Lang, k member.Company) []Fact {
	number := k.OfficialID
	if number == "" {
		number = l.T("people.not_known")
	}
	return []Fact{
		{l.T("people.name_uk"), k.Name.UK}, {l.T("people.name_en"), k.Name.EN}, {l.T("people.country"), l.CountryName(k.Country)}, {l.T("people.official_id"), number},
	}
}

// Memberships is what a company is and was to its clusters.
func Memberships(l i18n.Lang, all []member.Membership) page.Table {
	var rows [][]page.Cell
	for _, m := range all {
		rows = append(rows, []page.Cell{{Text: member.Text{UK: m.UK, EN: m.EN}.In(l)}, {Text: l.T("people.kind." + m.Kind)}, {When: l.Day(m.Since)}, Until(l, m.Until)})
	}
	return page.NewTable("", []page.Column{{Text: l.T("people.cluster")}, {Text: l.T("people.kind")}, {Text: l.T("people.since")}, {Text: l.T("people.until")}}, rows)
}

// Addresses is where a company is and was.
func Addresses(l i18n.Lang, all []member.Address) page.Table {
	var rows [][]page.Cell
	for _, a := range all {
		rows = append(rows, []page.Cell{{Text: a.Place, Note: l.CountryName(a.Country)}, {Text: l.T("people.address." + a.Kind)}, {When: l.Day(a.Since)}, Until(l, a.Until)})
	}
	return page.NewTable("", []page.Column{{Text: l.T("people.place")}, {Text: l.T("people.address")}, {Text: l.T("people.since")}, {Text: l.T("people.until")}}, rows)
}

// Until is a day that may not be set.
func Until(l i18n.Lang, d *time.Time) page.Cell {
	if d == nil {
		return page.Cell{Text: l.T("people.to_this_day")}
	}
	return page.Cell{When: l.Day(*d)}
}

// Kinds are what a company can be to a cluster, as answers.
func Kinds(l i18n.Lang) []page.Option {
	var all []page.Option
	for _, k := range member.Kinds {
		all = append(all, page.Option{Value: k, Text: l.T("people.kind." + k)})
	}
	return all
}

// Countries are all countries, as answers.
func Countries(l i18n.Lang, chosen string) []page.Option {
	var all []page.Option
	for _, k := range l.Countries() {
		all = append(all, page.Option{Value: k.Code, Text: k.Name, Chosen: k.Code == chosen})
	}
	return all
}

// Picture is the form that takes a logo.
func Picture(l i18n.Lang, action string, form page.Form) page.Ask {
	return page.Ask{Action: action, Upload: true, Button: l.T("people.logo_button"), Questions: page.Fields(
		page.Field{ID: "file", Name: "file", Type: "file", Label: l.T("people.logo_file"), Hint: l.T("people.logo_hint"), Error: form.Error("file")},
	)}
}

// Move is the form that records a further address.
func Move(l i18n.Lang, action string, typed url.Values, form page.Form) page.Ask {
	if typed == nil || !typed.Has("place") {
		typed = url.Values{"country": {"UA"}, "kind": {"relocated"}}
	}
	kind := page.NewChoices("kind", l.T("people.address"), typed.Get("kind"),
		page.Option{Value: "registered", Text: l.T("people.address.registered")}, page.Option{Value: "relocated", Text: l.T("people.address.relocated"), Note: l.T("people.address.relocated_note")})
	kind.Error = form.Error("kind")
	country := page.Field{ID: "country", Name: "country", Label: l.T("people.country"), Error: form.Error("country")}
	country.Options = Countries(l, typed.Get("country"))
	questions := []page.Question{{Choices: kind}}
	return page.Ask{Action: action, Button: l.T("people.move_button"), Questions: append(questions, page.Fields(country,
		page.Field{ID: "place", Name: "place", Label: l.T("people.place"), Value: typed.Get("place"), Error: form.Error("place")},
		page.Field{ID: "since", Name: "since", Type: "date", Label: l.T("people.since"), Value: typed.Get("since"), Error: form.Error("since")})...)}
}
