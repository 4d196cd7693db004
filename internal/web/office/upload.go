package office

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/web/page"
)

type uploadPage struct {
	page.Base
	Errors  page.ErrorSummary
	Action  string
	Account page.Field
	File    page.Field
	Columns page.Field
	Empty   page.Empty // no account whose statements this visitor may bring in
}

// newStatement serves GET /office/statements/new: the form that takes a file.
func (o *Office) newStatement(c echo.Context) error {
	return o.showUpload(c, upload{}, page.Form{})
}

// upload is what somebody sent: a file of theirs, and what they said of it.
type upload struct {
	account, columns string
	name             string
	file             *os.File
	bytes            int64
}

// drop removes the file. What cannot be removed is the machine's to clear away.
func (u upload) drop() {
	if u.file == nil {
		return
	}
	if err := errors.Join(u.file.Close(), os.Remove(u.file.Name())); err != nil {
		slog.Warn("an uploaded file could not be removed", "error", err)
	}
}

// mostField is what a field beside the file may hold.
const mostField = 8 << 10

// readUpload takes a request with a file apart as it comes: the file goes to the disk, so
// that no memory depends on its size.
func readUpload(c echo.Context) (upload, error) {
	var u upload
	unreadable := fault.New(fault.Invalid, "form.unreadable")
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType)); err != nil || kind != echo.MIMEMultipartForm {
		return u, unreadable
	}
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return u, unreadable
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return u, nil
		}
		if err != nil {
			return u, uploadFault(err, unreadable)
		}
		if part.FormName() == "file" && part.FileName() != "" && u.file == nil {
			if err := u.keep(part, part.FileName()); err != nil {
				return u, uploadFault(err, err)
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, mostField+1))
		if err != nil || len(text) > mostField || !utf8.Valid(text) || strings.ContainsRune(string(text), 0) {
			return u, uploadFault(err, unreadable)
		}
		switch part.FormName() {
		case "account":
			u.account = string(text)
		case "columns":
			u.columns = string(text)
		}
	}
}

func (u *upload) keep(from io.Reader, name string) error {
	file, err := os.CreateTemp("", "kopiyka-statement-*")
	if err != nil {
		return err
	}
	u.file, u.name = file, strings.ToValidUTF8(name, "")
	u.bytes, err = io.Copy(file, io.LimitReader(from, bank.MaxFile+1))
	return err
}

// uploadFault is TooLarge when the request was cut for its length, else what is given.
func uploadFault(err, other error) error {
	var he *echo.HTTPError
	if errors.As(err, &he) && he.Code == http.StatusRequestEntityTooLarge {
		return fault.In("file", "bank.file.too_large", bank.MaxFile>>20)
	}
	return other
}

// atOnce is how long the answer waits for a file: most are read by then, and the visitor
// sees at once what became of it.
const atOnce = 3 * time.Second

// importStatement serves POST /office/statements.
func (o *Office) importStatement(c echo.Context) error {
	u, err := readUpload(c)
	kept := false
	defer func() {
		if !kept {
			u.drop()
		}
	}()
	if err != nil {
		return o.refuseUpload(c, u, err)
	}
	ctx, person := c.Request().Context(), visitor(c)
	account, columns, err := o.checkUpload(c, u)
	if err != nil {
		return o.refuseUpload(c, u, err)
	}
	kept = true // the import drops it
	running, err := bank.Begin(ctx, o.db, o.now, bank.File{Name: u.name, Account: account, Person: person.ID, From: u.file, Columns: columns}, u.bytes, u.drop)
	if err != nil {
		return err
	}
	select {
	case <-running.Done:
	case <-ctx.Done():
		return ctx.Err() // the visitor has left; the import goes on
	case <-time.After(atOnce):
		return c.Redirect(http.StatusSeeOther, "/office/imports/"+running.ID)
	}
	if err := running.Err(); err != nil {
		return o.refuseUpload(c, u, err)
	}
	s, err := bank.ImportFor(ctx, o.db, person.ID, running.ID)
	if err != nil {
		return err
	}
	notice := "imported"
	if s.Known {
		notice = "known"
	}
	return c.Redirect(http.StatusSeeOther, StatementsPath+"/"+s.StatementID.String+"?notice="+notice)
}

// checkUpload asks for what can be said before the file is read.
func (o *Office) checkUpload(c echo.Context, u upload) (bank.Account, bank.Columns, error) {
	var form fault.Form
	ctx, person := c.Request().Context(), visitor(c)
	account, err := bank.AccountFor(ctx, o.db, person.ID, u.account)
	if u.account == "" {
		err = fault.New(fault.Invalid, "bank.account_missing")
	} else if err == nil {
		err = bank.MayImport(ctx, o.db, account, person.ID)
	}
	if f, ok := fault.As(err); ok && f.Kind != fault.Invalid { // nothing that another choice in the form could mend
		return account, bank.Columns{}, err
	}
	if err := form.Add("account", err); err != nil {
		return account, bank.Columns{}, err
	}
	switch {
	case u.file == nil:
		form = append(form, fault.In("file", "bank.file.missing"))
	case u.bytes > bank.MaxFile:
		form = append(form, fault.In("file", "bank.file.too_large", bank.MaxFile>>20))
	default:
		if err := form.Add("file", bank.CheckName(u.name)); err != nil {
			return account, bank.Columns{}, err
		}
	}
	columns, err := bank.ParseColumns(u.columns)
	if err := form.Add("columns", err); err != nil {
		return account, columns, err
	}
	return account, columns, form.Err()
}

// refuseUpload shows the form again with what was said. The file itself no browser sends
// back: it has to be chosen anew.
func (o *Office) refuseUpload(c echo.Context, u upload, err error) error {
	form, err := page.NewForm(page.Of(c).Lang, err)
	if err != nil {
		return err
	}
	return o.showUpload(c, u, form)
}

func (o *Office) showUpload(c echo.Context, u upload, form page.Form) error {
	person := visitor(c)
	accounts, err := bank.Accounts(c.Request().Context(), o.db, person.ID)
	if err != nil {
		return err
	}
	b := page.Of(c)
	b.Path = StatementsPath + "/new"
	l := b.Lang
	var options []page.Option
	for _, a := range accounts {
		if explains(person, a.ClusterID) {
			options = append(options, page.Option{Value: a.ID, Text: bankName(l, a.BankUK, a.BankEN, a.IBAN), Chosen: a.ID == u.account})
		}
	}
	v := uploadPage{
		Base: b, Action: StatementsPath,
		Account: page.Field{ID: "account", Name: "account", Label: l.T("bank.upload.account"), Error: form.Error("account"), Options: options},
		File:    page.Field{ID: "file", Name: "file", Label: l.T("bank.upload.file"), Hint: l.T("bank.upload.file_hint"), Error: form.Error("file"), Type: "file"},
		Columns: page.Field{ID: "columns", Name: "columns", Label: l.T("bank.upload.columns"), Hint: l.T("bank.upload.columns_hint"), Error: form.Error("columns"), Value: u.columns, Rows: 3, Optional: true},
	}
	if len(options) == 0 {
		v.Empty = noAccounts(l, len(accounts) > 0)
	}
	v.Errors = form.Summary(map[string]string{"account": v.Account.Label, "file": v.File.Label, "columns": v.Columns.Label})
	return c.Render(form.Status(), "office/upload", v)
}

func noAccounts(l i18n.Lang, roleless bool) page.Empty {
	if roleless {
		return page.Empty{Title: l.T("bank.upload.no_role"), Text: l.Fault(fault.New(fault.Forbidden, "bank.role"))}
	}
	return page.Empty{Title: l.T("bank.upload.no_account"), Text: l.T("bank.upload.no_account_text")}
}
