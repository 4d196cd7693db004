// Package trail is how acts of the audit are told, in the rooms that see them: the cluster's
// auditors see those of their cluster, everybody their own. It reads nothing and decides
// nothing; who may see an act was asked before.
package trail

import (
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/audit"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

// PageSize is how many acts a page of the list holds.
const PageSize = 50

// Links finds the page of what an act was done to; it is empty where there is none.
type Links func(kind, id string) string

// Office leads to the pages of the people who run a cluster.
func Office(kind, id string) string {
	rooms := map[string]string{
		"payment": "payments", "pledge": "pledges", "allocation": "allocations", "company": "companies", "application": "applications",
		"statement_line": "lines", "bank_statement": "statements", "event": "inbox",
	}
	if room := rooms[kind]; room != "" {
		return "/office/" + room + "/" + id
	}
	return ""
}

// Portal leads to the pages of the people of a company.
func Portal(kind, id string) string {
	if kind == "pledge" {
		return "/portal/pledges/" + id
	}
	return ""
}

// Show puts a page of acts into a list. Named is whether acts are those of several people.
func Show(v *page.List, all []audit.Told, links Links, named bool) {
	l := v.Lang
	columns := []page.Column{{Text: l.T("trail.column.act")}, {Text: l.T("trail.column.when")}}
	if named {
		columns = append(columns, page.Column{Text: l.T("trail.column.who")})
	}
	columns = append(columns, page.Column{Text: l.T("trail.column.subject")}, page.Column{Text: l.T("trail.column.host")})
	var rows [][]page.Cell
	for _, a := range all {
		row := []page.Cell{{Text: Act(l, a.Act), Note: shortened(strings.Join(Facts(l, a.Detail), " · "))}, {When: l.Moment(a.At)}}
		if named {
			row = append(row, page.Cell{Text: who(l, a)})
		}
		rows = append(rows, append(row, subject(l, a.Subject, links), page.Cell{Text: a.Host}))
	}
	v.Shows(columns, rows, len(all) == PageSize, last(all))
}

// shortened is as much of an act's facts as a row of the list holds: whole stories are in
// the file alone.
func shortened(facts string) string {
	const most = 1_000
	if runes := []rune(facts); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return facts
}

// Send sends a list of acts as a file. Read returns the acts below the one that it is told.
func Send(c echo.Context, name string, read func(after int64, limit int) ([]audit.Told, error)) error {
	l := page.Of(c).Lang
	var head []string
	for _, column := range []string{"id", "when", "who", "act", "code", "subject", "facts", "host"} {
		head = append(head, l.T("trail.column."+column))
	}
	return page.Export(c, name, head, func(after string) (rows [][]string, below string, err error) {
		id, err := After(after)
		if err != nil {
			return nil, "", err
		}
		all, err := read(id, page.Chunk)
		for _, a := range all {
			rows = append(rows, []string{
				strconv.FormatInt(a.ID, 10), a.At.UTC().Format(time.RFC3339), who(l, a), Act(l, a.Act), a.Act, a.Subject, strings.Join(Facts(l, a.Detail), "; "), a.Host,
			})
		}
		return rows, last(all), err
	})
}

// After reads ?after=, the number of an act; the empty one is 0.
func After(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, fault.New(fault.NotFound, "page.unknown")
	}
	return n, nil
}

func last(all []audit.Told) string {
	if len(all) == 0 {
		return ""
	}
	return strconv.FormatInt(all[len(all)-1].ID, 10)
}

func who(l i18n.Lang, a audit.Told) string {
	if a.PersonName == "" {
		return l.T("trail.program")
	}
	return a.PersonName
}

// subject says what an act was done to, with its id below.
func subject(l i18n.Lang, text string, links Links) page.Cell {
	kind, id, _ := strings.Cut(text, ":")
	return page.Cell{Text: wordOr(l, "trail.subject."+kind, kind), Href: links(kind, id), Note: id}
}

// wordOr is a word of the catalogues, or the program's own where they have none: a later
// release may have written what this one does not know.
func wordOr(l i18n.Lang, key, own string) string {
	if text, err := l.Text(key); err == nil {
		return text
	}
	return own
}
