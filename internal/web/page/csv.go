package page

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// chunkTime is how long one chunk of an export may take on its way. A file as a whole may
// take longer than any page.
const chunkTime = time.Minute

// SendCSV sends a list as a file that a spreadsheet opens as it stands (RFC 4180, UTF-8 with
// its mark). Next returns the next rows, and none at the end; only one chunk is ever held.
//
// What fails before the first row is an error page like any other. What fails later cuts
// the connection, so that nobody takes half a list for the whole.
func SendCSV(c echo.Context, name string, head []string, next func() ([][]string, error)) error {
	rows, err := next()
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8; header=present")
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set(echo.HeaderCacheControl, "private, no-store")
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	out := csv.NewWriter(c.Response())
	out.UseCRLF = true
	control := http.NewResponseController(c.Response())
	if _, err := c.Response().Write([]byte("\ufeff")); err != nil {
		return nil // the reader has left
	}
	rows = append([][]string{head}, rows...)
	for len(rows) > 0 {
		// Not every writer has a deadline; one without it needs none moved.
		_ = control.SetWriteDeadline(time.Now().Add(chunkTime))
		for _, row := range rows {
			if err := out.Write(plainCells(row)); err != nil {
				return nil
			}
		}
		if out.Flush(); out.Error() != nil {
			return nil
		}
		_ = control.Flush() // a reader who has left is noticed with the next rows
		if rows, err = next(); err != nil {
			slog.ErrorContext(c.Request().Context(), "an export broke off", "file", name, "error", fmt.Sprint(err))
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

// plainCells makes every cell a text that no spreadsheet takes for a formula: what a
// company wrote into its name must not run at a treasurer's desk.
func plainCells(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) && !number.MatchString(cell) {
			cell = "'" + cell
		}
		cells[i] = cell
	}
	return cells
}

// number is a plain one, which stays what it is below zero too.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
