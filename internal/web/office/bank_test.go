package office_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"kopiyka/internal/bank"
	"kopiyka/internal/ledger"
	"kopiyka/internal/pg"
	"kopiyka/internal/report"
	"kopiyka/internal/web/page"
	"kopiyka/internal/web/page/pagetest"
	"kopiyka/internal/web/site"
	"kopiyka/internal/web/webtest"
)

// till is a desk with a bank account in the campaign's currency.
type till struct {
	*desk
	account string
	iban    string
	t       *testing.T
}

func openTill(t *testing.T) *till {
	t.Helper()
	d := &till{desk: open(t, 0), account: pg.NewID(), iban: "UA213223130000026007233566001", t: t}
	_, err := d.Owner.Exec(`INSERT INTO bank_accounts (id, cluster_id, iban, currency, holder_uk, holder_en, bank_uk, bank_en, created_at)
		VALUES ($1, $2, $3, $4, 'Кластер', 'Cluster', 'Ощадбанк', 'Oschadbank', now())`, d.account, d.Cluster, d.iban, string(d.Currency))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reference is the payment reference of a new pledge.
func (d *till) reference(minor int64) (ref string) {
	d.t.Helper()
	if err := d.Owner.Get(&ref, `SELECT reference FROM pledges WHERE id = $1`, d.Pledge(minor)); err != nil {
		d.t.Fatal(err)
	}
	return ref
}

// entry is one movement of a statement, in cents.
type entry struct {
	minor           int64
	party, iban, is string
}

// camt is a statement of one day.
func (d *till) camt(day string, opening int64, entries ...entry) string {
	var b strings.Builder
	amount := func(minor int64) string {
		side := "CRDT"
		if minor < 0 {
			minor, side = -minor, "DBIT"
		}
		return fmt.Sprintf(`<Amt Ccy="%s">%d.%02d</Amt><CdtDbtInd>%s</CdtDbtInd>`, d.Currency, minor/100, minor%100, side)
	}
	closing := opening
	for _, e := range entries {
		closing += e.minor
	}
	fmt.Fprintf(&b, `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>%s</IBAN></Id></Acct>`, d.iban)
	for code, minor := range map[string]int64{"OPBD": opening, "CLBD": closing} {
		fmt.Fprintf(&b, `<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp>%s<Dt><Dt>%s</Dt></Dt></Bal>`, code, amount(minor), day)
	}
	for i, e := range entries {
		side := "Dbtr"
		if e.minor < 0 {
			side = "Cdtr"
		}
		fmt.Fprintf(&b, "\n<Ntry>%s<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%s</Dt></BookgDt><AcctSvcrRef>%s-%d</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><%s><Pty><Nm>%s</Nm></Pty></%s><%sAcct><Id><IBAN>%s</IBAN></Id></%sAcct></RltdPties><RmtInf><Ustrd>%s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
			amount(e.minor), day, day, i, side, e.party, side, side, e.iban, side, e.is)
	}
	return b.String() + `</Stmt></BkToCstmrStmt></Document>`
}

// upload sends a file as a browser does.
func (d *till) upload(who *webtest.Browser, file string, fields ...string) webtest.Answer {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	values := map[string]string{"account": d.account, "columns": ""}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			d.t.Fatal(err)
		}
	}
	if file != "" {
		name := "виписка.csv"
		if strings.HasPrefix(strings.TrimLeft(file, "\ufeff \r\n"), "<") {
			name = "виписка.xml"
		} else if strings.Contains(file, ":20:") {
			name = "виписка.sta"
		}
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			d.t.Fatal(err)
		}
		if _, err := io.WriteString(part, file); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	answer, err := who.Try(http.MethodPost, "/office/statements", &body, w.FormDataContentType())
	if err != nil {
		d.t.Fatal(err)
	}
	return answer
}

// imported uploads a file that is taken and returns its statement's page.
func (d *till) imported(file string) webtest.Answer {
	d.t.Helper()
	answer := d.upload(d.coordinator, file).Wants(http.StatusSeeOther)
	if !strings.HasPrefix(answer.Location(), "/office/statements/") {
		d.t.Fatalf("leads to %s", answer.Location())
	}
	return d.coordinator.Get(answer.Location()).Wants(http.StatusOK)
}

// campaignPage is what the public reads.
func (d *till) campaignPage() webtest.Answer {
	d.t.Helper()
	public := webtest.Open(d.t, d.DB, func(g *echo.Group) { site.New(report.New(d.DB), pagetest.Renderer(d.t), page.NewCache()).Routes(g) })
	return public.As("").Get("/en/campaigns/" + d.Slug).Wants(http.StatusOK)
}

// The whole way: a file, a line that names its pledge and one that does not, a match by
// hand, and the public page, which has moved and knows up to when the books are proven.
func TestAStatementMovesTheCampaignsPage(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	named, other := d.reference(10_000), d.reference(5_000)
	d.campaignPage().Says("main", "$0.00")

	statement := d.imported(d.camt("2026-03-02", 700, entry{minor: 10_000, party: "Ганок", is: "Внесок " + named}, entry{minor: 5_000, party: "ТОВ Ганок", iban: "UA903052992990004149123456789", is: "на добро"}))
	statement.Says(".notice", "The statement is imported").Says("main", "The statement adds up").Says(".table tbody", "explained").Says(".table tbody", "to explain")
	d.campaignPage().Says("main", "$100.00")

	d.coordinator.Get("/office").Wants(http.StatusOK).Says("section[aria-labelledby=tasks]", "Bank lines to explain")
	d.coordinator.Get("/office/unmatched?q=nothing").Wants(http.StatusOK).Says("main", "Nothing found")
	list := d.coordinator.Get("/office/unmatched?q=50").Wants(http.StatusOK).Says(".table tbody", "на добро")
	line := list.Attr(".table tbody a", "href")
	page := d.coordinator.Get(line).Wants(http.StatusOK).Says("h1", "$50.00 came in").Says(".queue", "exactly what is left; the name is the company’s")
	page.Says(".queue button", "Count $50.00 for this pledge")
	d.coordinator.Post(line+"/pledge", url.Values{"pledge": {other}, "amount": {"50.00"}}).LeadsTo(line + "?notice=matched")
	d.coordinator.Get(line).Wants(http.StatusOK).Says(".times", "Pledge: Ganok, Ventilators").Says(".times", "said coordinator")
	if d.Free() != 15_000 || d.Balance(ledger.Bank(d.account, d.Currency)) != 15_000 {
		t.Errorf("%d is free", d.Free())
	}
	d.coordinator.Get("/office/unmatched").Wants(http.StatusOK).Says("main", "Every line has an explanation")

	d.approver.Post("/office/reconciliation", nil).LeadsTo("/office/reconciliation?notice=reconciled")
	d.approver.Get("/office/reconciliation?notice=reconciled").Wants(http.StatusOK).Says(".proof", "The books are proven up to 2 March 2026").Says(".table tbody", "agrees")
	d.campaignPage().Says("main", "$150.00").Says(".proof", "The books are proven up to 2 March 2026")
	d.VerifyBooks()
}

func TestTheSameFileAgainIsSaidSo(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	file := d.camt("2026-03-02", 0, entry{minor: 100})
	d.imported(file)
	d.imported(file).Says(".notice", "This file is known already")
	if n := d.Count("statement_lines"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// A payer who came before is known by the account.
func TestWhoPaidBeforeIsSuggested(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	first, _ := d.reference(3_000), d.reference(90_000)
	const iban = "UA903052992990004149123456789"
	d.imported(d.camt("2026-03-02", 0, entry{minor: 3_000, iban: iban, is: first}))
	d.imported(d.camt("2026-03-03", 3_000, entry{minor: 4_000, iban: iban, party: "Хтось"}))
	line := d.coordinator.Get("/office/unmatched").Wants(http.StatusOK).Attr(".table tbody a", "href")
	d.coordinator.Get(line).Wants(http.StatusOK).Says(".queue", "paid from this account before").Says(".queue", "$900.00")
}

func TestAFileThatIsWrongIsRefusedWithWords(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	whole := d.camt("2026-03-02", 0, entry{minor: 100})
	for name, test := range map[string]struct {
		file   string
		fields []string
		field  string
		words  string
	}{
		"no file":           {"", nil, "file", "Choose a file"},
		"no account":        {whole, []string{"account", ""}, "account", "Choose the account"},
		"a letter":          {"Dear bank", nil, "file", "no statement that can be read"},
		"cut off":           {whole[:len(whole)-20], nil, "file", "ends in the middle, after line 2"},
		"out of balance":    {strings.Replace(whole, "1.00", "2.00", 1), nil, "file", "does not add up"},
		"entities":          {`<!DOCTYPE a [<!ENTITY b "c">]><Document/>`, nil, "file", "declares a document type"},
		"strange columns":   {"A;B\n1;2\n", []string{"columns", "nonsense"}, "columns", "names no column"},
		"columns not there": {"A;B\n1;2\n", []string{"columns", "date=X; amount=Y"}, "file", "No row names the columns. Looked for: X, Y"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := d.upload(d.coordinator, test.file, test.fields...).Wants(http.StatusUnprocessableEntity)
			answer.Says("[role=alert]", test.words).Says("#"+test.field+"-e", test.words)
		})
	}
	d.upload(d.coordinator, whole, "account", pg.NewID()).Wants(http.StatusNotFound)
	d.upload(d.house.As(d.Stranger), whole).Wants(http.StatusNotFound)
	d.upload(d.approver, whole).Wants(http.StatusForbidden).Says("main", "Only the cluster’s coordinators and treasurers")
	d.upload(d.house.As(""), whole).LeadsTo("/sign-in?next=%2Foffice%2Fstatements")
	d.coordinator.Post("/office/statements", url.Values{"account": {d.account}}).Wants(http.StatusUnprocessableEntity)
	d.upload(d.coordinator, strings.Repeat(" ", bank.MaxFile+1)).Wants(http.StatusUnprocessableEntity).Says("#file-e", "50 MB at most")
	d.upload(d.coordinator, strings.Repeat(" ", 52<<20)).Wants(http.StatusRequestEntityTooLarge)
	if n := d.Count("statement_lines") + d.Count("bank_statements"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

func TestAWrongMatchIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	ref := d.reference(10_000)
	d.imported(d.camt("2026-03-02", 0, entry{minor: 5_000}))
	line := d.coordinator.Get("/office/unmatched").Attr(".table tbody a", "href")
	for _, test := range []struct{ pledge, amount, field, words string }{
		{"RF00", "50.00", "pledge", "check digits must fit"},
		{ref, "50.01", "amount", "$50.00 of the line is open"},
		{ref, "0", "amount", "above zero"},
		{ref, "1,005", "amount", "two ways"},
	} {
		answer := d.coordinator.Post(line+"/pledge", url.Values{"pledge": {test.pledge}, "amount": {test.amount}}).Wants(http.StatusUnprocessableEntity)
		answer.Says("#"+test.field+"-e", test.words)
		if answer.Attr("#pledge", "value") != test.pledge || answer.Attr("#amount", "value") != test.amount {
			t.Error("what was typed is lost")
		}
	}
	d.coordinator.Post(line+"/payout", nil).Wants(http.StatusConflict).Says("[role=alert]", "No payout of Stripe’s")
	d.approver.Get(line).Wants(http.StatusOK).Says("main", "coordinators and treasurers say what a line was for")
	if d.approver.Get(line).Has("main form") {
		t.Error("an approver has a form to match")
	}
	d.house.As(d.Stranger).Get(line).Wants(http.StatusNotFound)
	if d.Free() != 0 {
		t.Error("money moved")
	}
}

func TestAMistakeIsUndoneByTheSecondPerson(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	d.imported(d.camt("2026-03-02", 0, entry{minor: 5_000, is: d.reference(5_000)}))
	var line string
	if err := d.Owner.Get(&line, `SELECT '/office/lines/' || id FROM statement_lines`); err != nil {
		t.Fatal(err)
	}
	page := d.coordinator.Get(line).Wants(http.StatusOK).Says(".times", "matched by itself")
	ask := page.Attr("details form", "action")
	d.coordinator.Post(ask, reason(" ")).Wants(http.StatusUnprocessableEntity).Says("#reason-e", "Say why")
	d.coordinator.Post(ask, reason("Another company’s")).LeadsTo(line + "?notice=asked")
	if own := d.coordinator.Get(line).Wants(http.StatusOK).Says(".times", "coordinator asks to undo it: Another company’s"); strings.Contains(own.Text(".times button"), "Undo it") {
		t.Error("who asked may agree")
	}
	if d.Free() != 5_000 {
		t.Error("asking moved money")
	}
	if list := d.approver.Get("/office/undoings").Wants(http.StatusOK).Says("main tbody", "Another company’s"); !leadsTo(list, line) {
		t.Error("the list of what is to be undone does not lead to the line")
	}
	d.approver.Get("/office").Wants(http.StatusOK).Says("[aria-labelledby=tasks]", "Matches to undo 1")
	if other := d.house.As(d.Stranger).Get("/office/undoings?state=all").Wants(http.StatusOK); leadsTo(other, line) {
		t.Error("another cluster sees what is to be undone")
	}
	approve := d.approver.Get(line).Wants(http.StatusOK).Attr(".times form", "action")
	d.coordinator.Post(approve, nil).Wants(http.StatusForbidden).Says("[role=alert]", "another person has to agree")
	d.approver.Post(approve, nil).LeadsTo(line + "?notice=undone")
	d.coordinator.Get(line).Wants(http.StatusOK).Says(".times", "undone").Says("h1", "$50.00")
	d.approver.Get("/office/undoings").Wants(http.StatusOK).Says(".empty", "Nothing is to be undone")
	d.approver.Get("/office/undoings?state=all&q=nobody").Wants(http.StatusOK).Says(".empty", "Nothing found")
	if rows := file(t, d.approver.Get("/office/undoings.csv?state=all&q=company")); len(rows) != 2 || rows[1][5] != "undone" || rows[1][9] != "50.00" {
		t.Errorf("the file is %v", rows)
	}
	d.approver.Get("/office/undoings?state=lost").Wants(http.StatusNotFound)
	d.approver.Get("/office/undoings?after=last").Wants(http.StatusNotFound)
	if d.Free() != 0 || d.Balance(ledger.Unmatched(d.Cluster, d.Currency)) != 5_000 {
		t.Error("the books are not corrected")
	}
	d.campaignPage().Says("main", "$0.00")
	d.approver.Post(approve, nil).Wants(http.StatusConflict)
	d.VerifyBooks()
}

func TestUnmatchedMoneyHasPagesAndAFile(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	var entries []entry
	for i := range 120 {
		entries = append(entries, entry{minor: int64(i + 1), party: "=1+1"})
	}
	d.imported(d.camt("2026-03-02", 0, entries...))
	seen := map[string]bool{}
	for path := "/office/unmatched"; path != ""; {
		answer := d.coordinator.Get(path).Wants(http.StatusOK)
		for _, row := range strings.Split(answer.Body, `href="/office/lines/`)[1:] {
			seen[row[:36]] = true
		}
		path = ""
		if answer.Has("[rel=next]") {
			path = answer.Attr("[rel=next]", "href")
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d lines on all pages", len(seen))
	}
	file := d.coordinator.Get("/office/unmatched.csv").Wants(http.StatusOK)
	if n := strings.Count(file.Body, "2026-03-02,"); n != 120 || strings.Contains(file.Body, ",=1+1") {
		t.Errorf("%d lines in the file:\n%.300s", n, file.Body)
	}
	for _, path := range []string{"?after=x", "?after=2026-03-02.x"} {
		d.coordinator.Get("/office/unmatched" + path).Wants(http.StatusNotFound)
	}
	if other := d.house.As(d.Stranger).Get("/office/unmatched").Wants(http.StatusOK); strings.Contains(other.Body, "/office/lines/") {
		t.Error("a stranger sees the lines")
	}
	statement := d.coordinator.Get(d.coordinator.Get("/office/statements").Wants(http.StatusOK).Attr("section[aria-labelledby=files] tbody a", "href")).Wants(http.StatusOK)
	second := d.coordinator.Get(statement.Attr("[rel=next]", "href")).Wants(http.StatusOK)
	if n := strings.Count(second.Body, "/office/lines/"); n != 50 {
		t.Errorf("%d lines on the second page", n)
	}
}

// How far an import is, and why it failed, has a page of its own in both languages.
func TestAnImportThatTakesLongHasAPage(t *testing.T) {
	t.Parallel()
	d := openTill(t)
	account := bank.Account{ID: d.account, ClusterID: d.Cluster, IBAN: d.iban, Currency: d.Currency}
	begin := func(file string) *bank.Running {
		r, err := bank.Begin(t.Context(), d.DB, d.Now, bank.File{Name: "f.xml", Account: account, Person: d.Coordinator, From: strings.NewReader(file)}, int64(len(file)), func() {})
		if err != nil {
			t.Fatal(err)
		}
		<-r.Done
		return r
	}
	good := begin(d.camt("2026-03-02", 0, entry{minor: 100}, entry{minor: 200}))
	done := d.coordinator.Get("/office/imports/"+good.ID).Wants(http.StatusOK).Says("h1", "is imported").Says("main", "2 lines read")
	if done.Has("[data-refresh-while]") {
		t.Error("it asks for ever")
	}
	bad := begin(strings.Replace(d.camt("2026-03-03", 0, entry{minor: 12345}), "123.45", "123.46", 1))
	d.coordinator.Get("/office/imports/"+bad.ID).Wants(http.StatusOK).Says("[role=alert]", "does not add up: opening balance and movements make $123.4")
	d.coordinator.Lang = "uk"
	d.coordinator.Get("/office/imports/"+bad.ID).Wants(http.StatusOK).Says("[role=alert]", "123,4")

	if _, err := d.Owner.Exec(`UPDATE statement_imports SET state = 'running', bytes_done = bytes / 2, lines_done = 1 WHERE id = $1`, good.ID); err != nil {
		t.Fatal(err)
	}
	d.coordinator.Lang = "en"
	running := d.coordinator.Get("/office/imports/"+good.ID).Wants(http.StatusOK).Says("main", "1 line read")
	if running.Attr("[data-refresh-while] progress", "value") == "0" || !strings.Contains(running.Body, `http-equiv="refresh"`) {
		t.Error("it does not show how far it is")
	}
	if _, err := d.Owner.Exec(`UPDATE statement_imports SET seen_at = now() - interval '1 hour' WHERE id = $1`, good.ID); err != nil {
		t.Fatal(err)
	}
	d.coordinator.Get("/office/imports/"+good.ID).Wants(http.StatusOK).Says("h1", "cut off")
	d.house.As(d.Stranger).Get("/office/imports/" + good.ID).Wants(http.StatusNotFound)
}
