package page

import (
	"encoding/csv"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
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
	rows = append([][]string{head}, rows...)
	for first := true; len(rows) > 0; first = false {
		// Not every writer has a deadline; one without it needs none moved.
		_ = control.SetWriteDeadline(time.Now().Add(chunkTime))
		if err := writeChunk(c.Response(), out, rows, first); err != nil {
			cutOff(c, slog.LevelDebug, name, err) // the reader has left
		}
		_ = control.Flush() // whoever cannot gets the chunk later
		if rows, err = next(); err != nil {
			level := slog.LevelError
			if c.Request().Context().Err() != nil {
				level = slog.LevelDebug // the reader has left
			}
			cutOff(c, level, name, err)
		}
	}
	return nil
}

func writeChunk(w io.Writer, out *csv.Writer, rows [][]string, first bool) error {
	if first {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := out.Write(plainCells(row)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cutOff ends the connection in the middle of a file.
func cutOff(c echo.Context, level slog.Level, name string, err error) {
	slog.Log(c.Request().Context(), level, "an export broke off", "file", name, "error", err)
	panic(http.ErrAbortHandler)
}

// plainCells makes every cell a text that no spreadsheet takes for a formula: what a
// company wrote into its name must not run at a treasurer's desk.
func plainCells(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		if begins.MatchString(cell) && !number.MatchString(cell) {
			cell = "'" + cell
		}
		cells[i] = cell
	}
	return cells
}

// begins finds what some spreadsheet takes for the beginning of a formula, in wide letters
// and behind spaces too.
var begins = regexp.MustCompile(`^[\s\p{Zs}]*[=+\-@＝＋－＠]|^[\t\r\n]`)

// number is a plain one, which stays what it is below zero too.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
