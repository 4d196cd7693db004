package bank

import (
	"path/filepath"
	"slices"
	"strings"

	"kopiyka/internal/fault"
)

// endings are those that banks give to files of each format.
var endings = map[Format][]string{
	Camt053: {".xml"},
	MT940:   {".sta", ".mt940", ".940", ".mt9", ".swi", ".fin", ".txt"},
	CSV:     {".csv", ".txt"},
}

// CheckName refuses a name under which no bank sends statements: somebody has chosen another
// file. Whether its content agrees with it is Import's to see.
func CheckName(name string) error {
	for _, all := range endings {
		if slices.Contains(all, ending(name)) {
			return nil
		}
	}
	return fault.In("file", "bank.file.ending", ".xml, .sta, .mt940, .csv, .txt")
}

// agrees refuses a file whose content is another than its name says. What has no ending, as
// a file of this machine may, says nothing.
func (f File) agrees(format Format) error {
	if e := ending(f.Name); e != "" && !slices.Contains(endings[format], e) {
		return fault.In("file", "bank.file.other_ending", string(format), e)
	}
	return nil
}

func ending(name string) string { return strings.ToLower(filepath.Ext(name)) }
