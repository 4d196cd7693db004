package archtest

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// listOfTheStandard is the SHA-256 of "id,level\n" for each requirement of levels 1 and 2 of
// OWASP ASVS 5.0.0, in the standard's order: with it the sheet is compared without the list.
const listOfTheStandard = "ee09334faed652b38563b1e97ecb77f218e04b0e8d73fa9ca3197b185404c8cd"

// row is a requirement of the sheet.
type row struct{ id, level, asked, status, shown string }

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*`)
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w*)\(`)
	someID   = regexp.MustCompile(`\bV[0-9]+\.[0-9]+\.[0-9]+\b`)
	statuses = []string{"met", "not applicable", "open"}
)

// The sheet answers every requirement, and what it names is there. Whether a test shows what
// it is named for, a reader has to judge.
func TestTheSheetOfTheStandardIsAnswered(t *testing.T) {
	t.Parallel()
	rows := sheet(t)
	list := sha256.New()
	for _, r := range rows {
		fmt.Fprintf(list, "%s,%s\n", r.id, r.level)
	}
	if got := hex.EncodeToString(list.Sum(nil)); got != listOfTheStandard {
		t.Errorf("its %d rows are not those of levels 1 and 2 of the standard, in its order: %s", len(rows), got)
	}
	tests := testsOfTheTree(t)
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.id] {
			t.Errorf("%s stands twice", r.id)
		}
		seen[r.id] = true
		for _, wrong := range wrongWith(r, tests) {
			t.Errorf("%s: %s", r.id, wrong)
		}
	}
}

// docs/security.md counts what the sheet says, names each row that is open, and no test that
// is not there.
func TestTheCountsOfTheSheetAreTold(t *testing.T) {
	t.Parallel()
	told := file(t, "docs/security.md")
	count := map[string]map[string]int{"1": {}, "2": {}, "both": {}}
	var open []string
	for _, r := range sheet(t) {
		count[r.level][r.status]++
		count["both"][r.status]++
		if r.status == "open" {
			open = append(open, r.id)
		}
	}
	for level, of := range count {
		line := fmt.Sprintf("| %s | %d | %d | %d |", level, of["met"], of["not applicable"], of["open"])
		if !strings.Contains(told, "\n"+line+"\n") {
			t.Errorf("docs/security.md does not say %s", line)
		}
	}
	tests := testsOfTheTree(t)
	for _, name := range testName.FindAllString(told, -1) {
		if !tests[name] {
			t.Errorf("docs/security.md names %s, which is no test", name)
		}
	}
	named := someID.FindAllString(told, -1)
	for _, id := range open {
		if !slices.Contains(named, id) {
			t.Errorf("%s is open, and docs/security.md does not name it", id)
		}
	}
	for _, id := range named {
		if !slices.Contains(open, id) {
			t.Errorf("docs/security.md names %s, which is not open", id)
		}
	}
}

func TestARowThatSaysNothingIsNoticed(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{"TestIsThere": true}
	for _, r := range []row{
		{"V1.1.1", "2", "x", "met", ""}, {"V1.1.1", "2", " ", "met", "TestIsThere"}, {"V1.1.1", "3", "x", "met", "TestIsThere"},
		{"V1.1.1", "2", "x", "done", "TestIsThere"}, {"V1.1.1", "2", "x", "met", "TestIsGone"}, {"V1.1.1", "2", "x", "met", "docs/gone.md"},
		{"V1.1.1", "2", "x", "met", "TestIsThere; "}, {"V1.1.1", "2", "x", "met", "../go.mod"}, {"V1.1.1", "2", "x", "open", "See TestIsGone."}, {"1.1", "2", "x", "met", "TestIsThere"},
	} {
		if len(wrongWith(r, tests)) == 0 {
			t.Errorf("%v passes", r)
		}
	}
	if wrong := wrongWith(row{"V1.1.1", "2", "x", "met", "TestIsThere; go.mod"}, tests); len(wrong) != 0 {
		t.Errorf("a good row: %v", wrong)
	}
}

// wrongWith lists what a row must not be.
func wrongWith(r row, tests map[string]bool) []string {
	var wrong []string
	for _, cell := range []string{r.id, r.level, r.asked, r.status, r.shown} {
		if strings.TrimSpace(cell) == "" {
			wrong = append(wrong, "a cell is empty")
		}
	}
	if someID.FindString(r.id) != r.id || r.level != "1" && r.level != "2" || !slices.Contains(statuses, r.status) {
		wrong = append(wrong, "no id, level or status of the sheet")
	}
	for _, name := range testName.FindAllString(r.shown, -1) {
		if !tests[name] {
			wrong = append(wrong, "there is no test called "+name)
		}
	}
	if r.status != "met" {
		return wrong // prose
	}
	for part := range strings.SplitSeq(r.shown, "; ") {
		if testName.FindString(part) == part && part != "" {
			continue // looked at above
		}
		if info, err := os.Stat(filepath.Join(top, part)); !filepath.IsLocal(part) || err != nil || info.IsDir() {
			wrong = append(wrong, fmt.Sprintf("there is no file called %q", part))
		}
	}
	return wrong
}

// sheet reads docs/asvs.csv.
func sheet(t *testing.T) []row {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(file(t, "docs/asvs.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 || strings.Join(records[0], ",") != "id,level,asked,status,shown" {
		t.Fatalf("its head is %q", records[:min(len(records), 1)])
	}
	rows := make([]row, 0, len(records))
	for _, r := range records[1:] {
		rows = append(rows, row{r[0], r[1], r[2], r[3], r[4]})
	}
	return rows
}

// testsOfTheTree are the names of all tests, fuzz tests and benchmarks.
func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	for _, folder := range []string{"cmd", "internal", "tools"} {
		walk(t, folder, func(path string) {
			if !strings.HasSuffix(path, "_test.go") {
				return
			}
			for _, found := range testFunc.FindAllStringSubmatch(file(t, path), -1) {
				tests[found[1]] = true
			}
		})
	}
	return tests
}
