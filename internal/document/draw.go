package document

import (
	"fmt"
	"slices"
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// Draw makes a document's file in a language from its facts alone: the same document
// drawn twice by one program is the same to the byte.
func Draw(d Document, l i18n.Lang) ([]byte, error) {
	p := &printer{d: d, f: d.Facts, l: l}
	p.sheet = newSheet(l, p.t("document.title."+string(d.Kind), d.No()), p.f.Cluster.In(l), p.t("document.foot", p.t("document.title."+string(d.Kind), d.No()), d.IssuedAt, p.f.Cluster.In(l)), d.IssuedAt)
	draw := map[Kind]func() error{Invoice: p.invoice, Agreement: p.agreement, Receipt: p.receipt, RefundNote: p.note, Statement: p.statement}[d.Kind]
	if draw == nil {
		return nil, fmt.Errorf("draw a document: %q is no kind of one", d.Kind)
	}
	if err := draw(); err != nil {
		return nil, err
	}
	return p.bytes()
}

// printer is a document on its sheet in one language.
type printer struct {
	*sheet
	d Document
	f Facts
	l i18n.Lang
}

func (p *printer) t(key string, args ...any) string { return p.l.T(key, args...) }

func (p *printer) begin() {
	p.head(p.f.Cluster.In(p.l), p.t("document.title."+string(p.d.Kind), p.d.No()), p.t("document.dated", p.d.IssuedAt))
}

// words spells a sum out, as the beginning of a sentence.
func (p *printer) words(a money.Amount) string {
	said := []rune(p.l.Words(a))
	return strings.ToUpper(string(said[:1])) + string(said[1:])
}

// holder is who receives bank transfers: the account's holder, else the cluster.
func (p *printer) holder() string {
	a := p.f.Account
	if a == nil {
		return p.f.Cluster.In(p.l)
	}
	if a.HolderID == "" {
		return a.Holder.In(p.l)
	}
	return a.Holder.In(p.l) + ", " + p.t("document.holder_id", a.HolderID)
}

// payer is the company, with its code when that is known.
func (p *printer) payer() string {
	if p.f.PayerID == "" {
		return p.f.Company.In(p.l)
	}
	return p.f.Company.In(p.l) + ", " + p.t("document.holder_id", p.f.PayerID)
}

// gift says what the money is given for, in one line.
func (p *printer) gift() string {
	said := p.t("document.gift", p.f.Pledge.Campaign.In(p.l))
	if purpose := p.f.Pledge.Purpose.In(p.l); purpose != "" {
		said += ": " + purpose
	}
	return said
}

func (p *printer) invoice() error {
	p.begin()
	pledge := p.f.Pledge
	due := p.t("document.due.now")
	if !p.f.DueOn.IsZero() {
		due = p.l.Date(p.f.DueOn)
	}
	p.pairs(width,
		pair{p.t("document.fact.payer"), p.payer()},
		pair{p.t("document.fact.recipient"), p.holder()},
		pair{p.t("document.fact.ground"), p.t("document.ground", pledge.MadeAt, pledge.Amount)},
		pair{p.t("document.fact.counts"), p.counts("document.counts")},
		pair{p.t("document.fact.order"), pledge.PurchaseOrder},
		pair{p.t("document.fact.due"), due},
	)
	p.gap(3)
	sum := p.l.Money(p.f.Amount)
	p.table([]column{{p.t("document.column.what"), width - 45, false}, {p.t("document.column.amount"), 45, true}}, [][]string{{p.gift(), sum}}, []string{p.t("document.column.total"), sum})
	p.total(p.t("document.to_pay"), sum, p.words(p.f.Amount)+". "+p.t("document.no_vat"))
	return p.howToPay()
}

// howToPay is the bank's details beside their square code, and the way by card.
func (p *printer) howToPay() error {
	const size = 40.0
	p.room(62)
	p.heading(p.t("document.how_to_pay"))
	top, page := p.GetY(), p.PageNo()
	if a := p.f.Account; a != nil {
		p.pairs(width-size-6,
			pair{p.t("document.fact.recipient"), p.holder()},
			pair{"IBAN", grouped(a.IBAN)},
			pair{p.t("document.fact.bank"), a.Bank.In(p.l)},
			pair{"BIC", a.BIC},
			pair{p.t("document.fact.reference"), p.f.Pledge.Reference.String()},
			pair{p.t("document.fact.purpose_of_payment"), p.t("document.purpose_of_payment", p.f.Pledge.Campaign.In(p.l), string(p.f.Pledge.Reference))},
		)
	} else {
		p.pairs(width-size-6, pair{p.t("document.fact.reference"), p.f.Pledge.Reference.String()})
	}
	if p.f.PayURL != "" {
		p.pairs(width-size-6, pair{p.t("document.fact.online"), p.f.PayURL})
	}
	if code := PaymentCode(p.f.Account, p.f.Amount, p.f.Pledge.Reference, p.f.PayURL); code != "" && p.PageNo() == page {
		if err := p.code(code, edge+width-size, top, size); err != nil {
			return err
		}
		p.SetY(max(p.GetY(), top+size+3))
	}
	if p.f.Account != nil {
		p.small(p.t("document.reference_note"))
	}
	return nil
}

// grouped sets an IBAN in groups of four, as it is read aloud.
func grouped(iban string) string {
	var groups []string
	for s := iban; s != ""; s = s[min(4, len(s)):] {
		groups = append(groups, s[:min(4, len(s))])
	}
	return strings.Join(groups, " ")
}

func (p *printer) agreement() error {
	p.begin()
	pledge, company, cluster := p.f.Pledge, p.f.Company.In(p.l), p.f.Cluster.In(p.l)
	if p.f.Account != nil {
		cluster = p.f.Account.Holder.In(p.l)
	}
	p.paragraph(p.t("document.agreement.parties", company, cluster))
	due := p.t("document.agreement.due_now")
	switch {
	case len(p.f.Parts) > 0:
		due = p.t("document.agreement.due_in_parts")
	case !p.f.DueOn.IsZero():
		due = p.t("document.agreement.due_on", p.f.DueOn)
	}
	sum := p.l.Money(p.f.Amount) + " (" + p.l.Words(p.f.Amount) + ")"
	texts := []string{p.t("document.agreement.gift", sum, pledge.Campaign.In(p.l))}
	if counts := p.counts("document.agreement.counts"); counts != "" {
		texts = append(texts, counts)
	}
	for i, text := range append(texts,
		p.t("document.agreement.purpose", purpose(p.l, pledge)),
		p.t("document.agreement.payment", due, pledge.Reference.String()),
		p.t("document.agreement.use"),
		p.t("document.agreement.rest"),
		p.t("document.agreement.report"),
		p.t("document.agreement.change"),
	) {
		p.paragraph(fmt.Sprintf("%d. %s", i+1, text))
	}
	if len(p.f.Parts) > 0 {
		p.heading(p.t("document.agreement.schedule"))
		var rows [][]string
		for _, part := range p.f.Parts {
			rows = append(rows, []string{p.l.Date(part.DueOn), p.l.Money(part.Amount)})
		}
		p.table([]column{{p.t("document.fact.due"), width - 45, false}, {p.t("document.column.amount"), 45, true}}, rows,
			[]string{p.t("document.column.total"), p.l.Money(p.f.Amount)})
	}
	p.heading(p.t("document.agreement.details"))
	blank := strings.Repeat("_", 24)
	code := blank
	if p.f.PayerID != "" {
		code = p.f.PayerID
	}
	left := []string{p.t("document.agreement.donor"), company, p.t("document.agreement.code", code), p.t("document.agreement.by", blank), p.t("document.agreement.hand", blank)}
	right := []string{p.t("document.agreement.recipient"), cluster}
	if a := p.f.Account; a != nil {
		if a.HolderID != "" {
			right = append(right, p.t("document.holder_id", a.HolderID))
		}
		right = append(right, "IBAN "+grouped(a.IBAN), a.Bank.In(p.l))
	}
	right = append(right, p.t("document.agreement.by", blank), p.t("document.agreement.hand", blank))
	p.signatures(left, right)
	return nil
}

func (p *printer) receipt() error {
	p.begin()
	pay := p.f.Payment
	p.pairs(width,
		pair{p.t("document.fact.payer"), p.payer()},
		pair{p.t("document.fact.recipient"), p.holder()},
		pair{p.t("document.fact.what"), p.gift()},
		pair{p.t("document.fact.order"), p.f.Pledge.PurchaseOrder},
		pair{p.t("document.fact.received_on"), p.l.Date(pay.At)},
		pair{p.t("document.fact.way"), p.t("document.way." + way(pay))},
		pair{p.t("document.fact.charged"), p.presented(pay)},
		pair{p.t("document.fact.reference"), p.f.Pledge.Reference.String()},
	)
	p.total(p.t("document.received"), p.l.Money(p.f.Amount), p.words(p.f.Amount)+". "+p.t("document.no_vat"))
	if !pay.Fee.IsZero() {
		p.small(p.t("document.fee_note", pay.Fee, money.Of(pay.Received.Minor-pay.Fee.Minor, pay.Fee.Currency)))
	}
	p.small(p.t("document.public_note"))
	return nil
}

// counts says what a promise in another currency is to its campaign, or nothing.
func (p *printer) counts(key string) string {
	c := p.f.Pledge.Counts
	if c == nil {
		return ""
	}
	return p.t(key, p.f.Pledge.Amount, c.Amount, c.Rate, c.Source, c.Day)
}

// presented is what the payer was charged in another currency, or nothing.
func (p *printer) presented(pay *Payment) string {
	if (pay.Presented == money.Amount{}) {
		return ""
	}
	return p.l.Money(pay.Presented)
}

// way is how a payment came, as far as there is a word for it.
func way(p *Payment) string {
	switch {
	case p.Way == "bank" || p.Way == "stripe-transfer":
		return "transfer"
	case p.Method == "card" || p.Method == "link":
		return "card"
	case p.Method == "us_bank_account" || p.Method == "sepa_debit":
		return "debit"
	}
	return "online"
}

func (p *printer) note() error {
	p.begin()
	pay := p.f.Payment
	p.pairs(width,
		pair{p.t("document.fact.payer"), p.payer()},
		pair{p.t("document.fact.recipient"), p.holder()},
		pair{p.t("document.fact.what"), p.gift()},
		pair{p.t("document.fact.receipt"), p.t("document.receipt_of", pay.ReceiptNo, pay.At, pay.Received)},
		pair{p.t("document.fact.reference"), p.f.Pledge.Reference.String()},
	)
	name, text := p.t("document.refunded"), p.t("document.refund_note")
	if p.f.Undone {
		name, text = p.t("document.undone"), p.t("document.undone_note")
	}
	p.total(name, p.l.Money(p.f.Amount), p.words(p.f.Amount)+".")
	p.paragraph(text)
	return nil
}

func (p *printer) statement() error {
	p.head(p.f.Cluster.In(p.l), p.t("document.title.statement", p.d.No()), p.t("document.dated_for", p.d.IssuedAt, fmt.Sprint(p.f.Year)))
	p.pairs(width, pair{p.t("document.fact.company"), p.f.Company.In(p.l)}, pair{p.t("document.fact.year"), fmt.Sprint(p.f.Year)})
	p.gap(3)
	columns := []column{{p.t("document.column.date"), 34, false}, {p.t("document.column.document"), 46, false}, {p.t("document.column.campaign"), width - 34 - 46 - 38, false}, {p.t("document.column.amount"), 38, true}}
	var rows [][]string
	for _, l := range slices.Concat(p.f.Lines, p.f.TakenFor) {
		rows = append(rows, []string{p.l.Date(l.At), l.Title(p.l), l.Campaign.In(p.l), p.l.Money(l.Amount)})
	}
	p.table(columns, rows, nil)
	for _, t := range p.f.Totals() {
		p.total(p.t("document.year_total", t.Stays().Currency), p.l.Money(t.Stays()), p.words(t.Stays())+".")
		p.small(p.t("document.year_parts", money.Of(t.Received, t.Currency), money.Of(t.Returned, t.Currency), money.Of(t.Taken, t.Currency)))
	}
	p.small(p.t("document.year_note"))
	return nil
}
