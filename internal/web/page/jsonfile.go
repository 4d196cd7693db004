package page

import (
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Part is one member of an object that is sent as a file: a value, or a list that is read
// chunk after chunk. Next returns the next rows, and none at the end.
type Part struct {
	Name  string
	Value any
	Next  func() (rows []any, err error)
}

// SendJSON sends an object as a file, its parts in their order. Of a list only one chunk is
// ever held. What fails on the way cuts the connection, so that nobody takes half an answer
// for the whole.
func SendJSON(c echo.Context, name string, parts ...Part) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set(echo.HeaderCacheControl, "private, no-store")
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	w := jsonFile{c, name}
	before := "{"
	for _, p := range parts {
		w.text(before)
		w.value(p.Name)
		w.text(":")
		if p.Next != nil {
			w.list(p.Next)
		} else {
			w.value(p.Value)
		}
		before = ",\n"
	}
	w.text("}\n")
	return nil
}

// jsonFile is a file on its way.
type jsonFile struct {
	c    echo.Context
	name string
}

func (w jsonFile) text(s string) {
	if _, err := io.WriteString(w.c.Response(), s); err != nil {
		cutOff(w.c, slog.LevelDebug, w.name, err) // the reader has left
	}
}

func (w jsonFile) value(v any) {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		cutOff(w.c, slog.LevelError, w.name, err)
	}
	w.text(string(b))
}

func (w jsonFile) list(next func() ([]any, error)) {
	before := "["
	for {
		// Not every writer has a deadline; one without it needs none moved.
		_ = http.NewResponseController(w.c.Response()).SetWriteDeadline(time.Now().Add(chunkTime))
		rows, err := next()
		if err != nil {
			cutOff(w.c, slog.LevelError, w.name, err)
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			w.text(before)
			w.value(row)
			before = ",\n"
		}
	}
	if before == "[" {
		w.text(before)
	}
	w.text("]")
}
