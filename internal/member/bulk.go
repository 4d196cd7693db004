package member

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"kopiyka/internal/fault"
)

// Limits of a file of companies.
const (
	MaxImport     = 5 << 20
	MaxImportRows = 2000
)

// ImportRow is one company of a file: what to enter, or what is wrong with it.
type ImportRow struct {
	Line    int // of the file, the head being line 1
	Company Company
	Site    string
	Kind    string
	Since   time.Time
	Until   *time.Time
	KnownID string // a company here with this official id, which only becomes a member
	Faults  fault.Form
}

// ImportColumns are the heads that a file may have, in the order of the template. The first
// and since are needed.
var ImportColumns = []string{"name_uk", "name_en", "country", "official_id", "site", "kind", "since", "until"}

// importHeads are further names of the columns, as people's own tables have them.
var importHeads = map[string]string{
	"name": "name_uk", "company": "name_uk", "назва": "name_uk", "компанія": "name_uk", "назва українською": "name_uk", "ukrainian name": "name_uk",
	"назва англійською": "name_en", "english name": "name_en",
	"країна": "country", "єдрпоу": "official_id", "код єдрпоу": "official_id", "edrpou": "official_id", "код": "official_id", "official id": "official_id",
	"сайт": "site", "website": "site", "участь": "kind", "вид участі": "kind", "membership": "kind", "від": "since", "з": "since", "дата вступу": "since", "joined": "since", "from": "since",
	"до": "until", "дата виходу": "until", "left": "until", "to": "until",
}

// importKinds are the words for what a company is to a cluster, in any letters.
var importKinds = map[string]string{
	"": "member", "член": "member", "член кластера": "member", "учасник": "member", "учасниця": "member", "освітня партнерка": "educational-partner", "бізнес-партнерка": "business-partner", "освітній партнер": "educational-partner", "educational partner": "educational-partner",
	"бізнес-партнер": "business-partner", "бізнес партнер": "business-partner", "business partner": "business-partner", "програма донорів": "donor-programme", "донорська програма": "donor-programme",
	"donor programme": "donor-programme", "donor program": "donor-programme",
}

// ParseImport reads a file of companies. Delimiter (one of "," ";" and a tab) and encoding
// ("utf-8" or "windows-1251") may be empty: then they are found out. Rows that are not
// right come back with what is wrong; a fault means that the file as a whole is not such a
// table.
func ParseImport(body []byte, delimiter, encoding string) ([]ImportRow, error) {
	if len(body) > MaxImport {
		return nil, fault.In("file", "import.too_large", MaxImport>>20)
	}
	content, err := decode(body, encoding)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(content) == "" {
		return nil, fault.In("file", "import.empty")
	}
	sign, columns := findHead(content, delimiter)
	if columns == nil {
		return nil, fault.In("file", "import.no_head")
	}
	r := reader(content, sign)
	if _, err := r.Read(); err != nil { // the head, which has been read once already
		return nil, fault.In("file", "import.no_head")
	}
	var rows []ImportRow
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return nil, fault.In("file", "import.quotes", broken.Line)
		}
		if err != nil {
			return nil, err
		}
		if blank(cells) {
			continue
		}
		if len(rows) == MaxImportRows {
			return nil, fault.In("file", "import.too_many_rows", MaxImportRows)
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, readRow(line, columns, cells))
	}
	if len(rows) == 0 {
		return nil, fault.In("file", "import.empty")
	}
	markTwins(rows)
	return rows, nil
}

// decode makes text of the file's bytes. Windows-1251 takes any bytes, so that it is tried
// when UTF-8 does not fit.
func decode(body []byte, encoding string) (string, error) {
	if bytes.HasPrefix(body, []byte{0xff, 0xfe}) || bytes.HasPrefix(body, []byte{0xfe, 0xff}) || bytes.IndexByte(body, 0) >= 0 {
		return "", fault.In("file", "import.encoding")
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	switch {
	case encoding == "utf-8" && !utf8.Valid(body):
		return "", fault.In("file", "import.encoding")
	case encoding == "utf-8", encoding == "" && utf8.Valid(body):
		return string(body), nil
	case encoding != "" && encoding != "windows-1251":
		return "", fault.In("encoding", "import.encoding")
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(body)
	if err != nil {
		return "", fault.In("file", "import.encoding")
	}
	return string(text), nil
}

func reader(content string, sign rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(content))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = sign, -1, sign != '\t'
	return r
}

// findHead finds the delimiter with which the first row names our columns, and which column
// stands where. Without a name of a company and its first day no row is one.
func findHead(content, delimiter string) (rune, []string) {
	signs := ";,\t"
	if delimiter != "" {
		signs = delimiter
	}
	for _, sign := range signs {
		cells, err := reader(content, sign).Read()
		if err != nil {
			continue
		}
		columns, there := make([]string, len(cells)), map[string]bool{}
		for i, cell := range cells {
			name := strings.ToLower(line(cell))
			for _, own := range ImportColumns {
				if name == own {
					columns[i] = own
				}
			}
			if other, ok := importHeads[name]; ok {
				columns[i] = other
			}
			if there[columns[i]] {
				columns[i] = "" // the first of a name counts
			}
			there[columns[i]] = true
		}
		if there["name_uk"] && there["since"] {
			return sign, columns
		}
	}
	return 0, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

func readRow(at int, columns, cells []string) ImportRow {
	said := map[string]string{}
	for i, cell := range cells {
		if i < len(columns) && columns[i] != "" {
			said[columns[i]] = plain(cell)
		}
	}
	row := ImportRow{Line: at, Kind: strings.ToLower(line(said["kind"]))}
	row.Company = Company{Name: Text{UK: said["name_uk"], EN: said["name_en"]}, Country: said["country"], OfficialID: said["official_id"]}
	row.Faults = CheckOfficial(&row.Company)
	var err error
	if row.Site, err = CleanSite(said["site"]); err != nil {
		row.Faults = append(row.Faults, fault.In("site", "company.site"))
	}
	if kind, ok := importKinds[row.Kind]; ok {
		row.Kind = kind
	}
	if !known(row.Kind) {
		row.Faults = append(row.Faults, fault.In("kind", "import.kind"))
	}
	if since, ok := ParseDay(said["since"]); ok {
		row.Since = since
	} else {
		row.Faults = append(row.Faults, fault.In("since", "membership.since"))
	}
	if said["until"] != "" {
		until, ok := ParseDay(said["until"])
		switch {
		case !ok:
			row.Faults = append(row.Faults, fault.In("until", "membership.since"))
		case !row.Since.IsZero() && !until.After(row.Since):
			row.Faults = append(row.Faults, fault.In("until", "membership.order"))
		}
		row.Until = &until
	}
	return row
}

func known(kind string) bool {
	for _, k := range Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// plain takes off the apostrophe with which our own exports keep a cell from being a
// formula.
func plain(cell string) string {
	cell = strings.TrimSpace(cell)
	if rest, quoted := strings.CutPrefix(cell, "'"); quoted && strings.IndexAny(rest, "=+-@＝＋－＠") == 0 {
		return rest
	}
	return cell
}

// ParseDay reads a day as 2020-03-01 or as 01.03.2020.
func ParseDay(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.DateOnly, "02.01.2006"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1900 && t.Year() <= 2200 {
			return t, true
		}
	}
	return time.Time{}, false
}

// markTwins finds rows whose official id a former row has.
func markTwins(rows []ImportRow) {
	first := map[string]int{}
	for i, row := range rows {
		if row.Company.OfficialID == "" {
			continue
		}
		key := row.Company.Country + " " + row.Company.OfficialID
		if at, twice := first[key]; twice {
			rows[i].Faults = append(rows[i].Faults, fault.In("official_id", "import.twin", at))
			continue
		}
		first[key] = row.Line
	}
}
