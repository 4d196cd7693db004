package page

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/fault"
)

// File is a file that came with a form, whole. The zero File is none.
type File struct {
	Name string
	Body []byte
}

// PostedFile reads a form with one small file in its field "file". A file of more than most
// bytes comes back with one byte more than that, for the caller to refuse in its own words;
// a request that is much larger is a TooLarge fault. Nothing reaches the disk.
func PostedFile(c echo.Context, most int) (url.Values, File, error) {
	unreadable := fault.New(fault.Invalid, "form.unreadable")
	r := c.Request()
	if kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err != nil || kind != echo.MIMEMultipartForm {
		return nil, File{}, echo.ErrUnsupportedMediaType
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, int64(most)+maxPosted)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, File{}, unreadable
	}
	form, file := url.Values{}, File{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, file, nil
		}
		if err != nil {
			return nil, File{}, tooLargeOr(err, unreadable)
		}
		limit := maxPosted
		isFile := part.FormName() == "file" && part.FileName() != "" && file.Name == ""
		if isFile {
			limit = most + 1
		}
		body, err := io.ReadAll(io.LimitReader(part, int64(limit)))
		if err != nil {
			return nil, File{}, tooLargeOr(err, unreadable)
		}
		if isFile {
			file = File{strings.ToValidUTF8(part.FileName(), ""), body}
			continue
		}
		if !utf8.Valid(body) || strings.ContainsRune(string(body), 0) || len(form) > 50 {
			return nil, File{}, unreadable
		}
		if !form.Has(part.FormName()) {
			form.Set(part.FormName(), string(body))
		}
	}
}

func tooLargeOr(err, other error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "form.too_large")
	}
	return other
}

// SendPNG answers with a picture that the house has drawn. It is shown and never run.
func SendPNG(c echo.Context, drawn []byte, cache string) error {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, cache)
	h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	return c.Blob(http.StatusOK, "image/png", drawn)
}
