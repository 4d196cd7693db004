package stripesim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	disputeOpen     = "needs_response"
	disputeReview   = "under_review"
	disputeWon      = "won"
	disputeLost     = "lost"
	inquiryOpen     = "warning_needs_response"
	inquiryReview   = "warning_under_review"
	inquiryClosed   = "warning_closed"
	disputeFraud    = "fraudulent"
	disputeNoGoods  = "product_not_received"
	disputeNoDebit  = "debit_not_authorized"
	disputeFee      = 1500 // kept by Stripe, whoever wins
	disputeAnswerIn = 9 * 24 * time.Hour
)

// disputeReasons are those of Stripe's document.
var disputeReasons = strings.Fields(`bank_cannot_process check_returned credit_not_processed customer_initiated debit_not_authorized
	duplicate fraudulent general incorrect_account_details insufficient_funds product_not_received product_unacceptable
	subscription_canceled unrecognized`)

type dispute struct {
	ID                  string               `json:"id"`
	Object              string               `json:"object"`
	Amount              int64                `json:"amount"`
	BalanceTransactions []balanceTransaction `json:"balance_transactions"`
	Charge              string               `json:"charge"`
	Created             int64                `json:"created"`
	Currency            string               `json:"currency"`
	Evidence            evidence             `json:"evidence"`
	EvidenceDetails     evidenceDetails      `json:"evidence_details"`
	IsChargeRefundable  bool                 `json:"is_charge_refundable"`
	Livemode            bool                 `json:"livemode"`
	Metadata            map[string]string    `json:"metadata"`
	PaymentIntent       opt                  `json:"payment_intent"`
	MethodDetails       *disputeMethod       `json:"payment_method_details,omitempty"`
	Reason              string               `json:"reason"`
	Status              string               `json:"status"`
}

// evidence is what the merchant says, by field. Every field is there, null if nothing.
type evidence map[string]opt

var (
	evidenceTexts = strings.Fields(`access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal
		customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id
		product_description refund_policy_disclosure refund_refusal_explanation service_date shipping_address
		shipping_carrier shipping_date shipping_tracking_number uncategorized_text`)
	evidenceFiles = strings.Fields(`cancellation_policy customer_communication customer_signature duplicate_charge_documentation
		receipt refund_policy service_documentation shipping_documentation uncategorized_file`)
)

type evidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int   `json:"submission_count"`
}

type disputeMethod struct {
	Card disputeCard `json:"card"`
	Type string      `json:"type"`
}

type disputeCard struct {
	Brand             string `json:"brand"`
	NetworkReasonCode string `json:"network_reason_code"`
}

func (d dispute) key() string      { return d.ID }
func (d dispute) createdAt() int64 { return d.Created }

func (d dispute) inquiry() bool { return strings.HasPrefix(d.Status, "warning_") }

func (d dispute) closed() bool {
	return d.Status == disputeWon || d.Status == disputeLost || d.Status == inquiryClosed
}

// Dispute says how a payment is disputed. The zero value is a dispute for fraud over
// all that was not refunded.
type Dispute struct {
	Amount  int64  // in minor units of the charge; zero is all that was not refunded
	Reason  string // one of Stripe's; empty is fraudulent
	Inquiry bool   // a bank only asks: no money moves
}

// OpenDispute lets the payer's bank dispute a charge, named by its id or its payment
// intent's, and answers the dispute's id. The balance loses the amount and a fee at once,
// unless it is an inquiry. A charge has one open dispute at a time.
func (s *Sim) OpenDispute(charge string, how Dispute) (id string, err error) {
	err = s.update(eventCause{}, func(t *tx) error {
		ch, err := t.chargeOf(charge)
		if err != nil {
			return err
		}
		d, err := t.openDispute(ch, how)
		id = d.ID
		return err
	})
	return id, err
}

func (t *tx) openDispute(ch charge, how Dispute) (dispute, error) {
	if ch.Status != chargeSucceeded {
		return dispute{}, fmt.Errorf("charge %s is %s: only money that was taken can be disputed", ch.ID, ch.Status)
	}
	for _, d := range t.disputes.all() {
		if d.Charge == ch.ID && !d.closed() {
			return dispute{}, fmt.Errorf("charge %s is disputed already, by %s", ch.ID, d.ID)
		}
	}
	if how.Reason == "" {
		how.Reason = disputeFraud
	}
	if !slices.Contains(disputeReasons, how.Reason) {
		return dispute{}, fmt.Errorf("%q is not a reason of Stripe's for a dispute", how.Reason)
	}
	if how.Amount == 0 {
		if how.Amount = ch.Amount - ch.AmountRefunded; how.Amount == 0 {
			how.Amount = ch.Amount // a refund does not keep a bank from giving the same money back again
		}
	}
	if how.Amount < 0 || how.Amount > ch.Amount {
		return dispute{}, fmt.Errorf("a dispute over %d of a charge of %d", how.Amount, ch.Amount)
	}
	ch = t.bookNow(ch)
	d := t.newDispute(ch, how)
	if !how.Inquiry {
		d = t.withdraw(d)
	}
	save(t, &t.disputes, d)
	ch.Disputed = true
	save(t, &t.charges, ch)
	t.emit("charge.dispute.created", d, nil)
	if !how.Inquiry {
		t.emit("charge.dispute.funds_withdrawn", d, nil)
	}
	return d, nil
}

func (t *tx) newDispute(ch charge, how Dispute) dispute {
	d := dispute{
		ID: newID("du_1", 23), Object: "dispute", Amount: how.Amount, Charge: ch.ID, Created: t.now.Unix(), Currency: ch.Currency,
		BalanceTransactions: []balanceTransaction{}, Evidence: evidence{}, Metadata: map[string]string{}, PaymentIntent: ch.PaymentIntent,
		EvidenceDetails: evidenceDetails{DueBy: t.now.Add(disputeAnswerIn).Unix()}, Reason: how.Reason, Status: disputeOpen,
	}
	for _, field := range slices.Concat(evidenceTexts, evidenceFiles) {
		d.Evidence[field] = ""
	}
	if ch.method() == methodCard {
		d.MethodDetails = &disputeMethod{disputeCard{"visa", "10.4"}, methodCard}
	}
	if how.Inquiry {
		d.Status, d.IsChargeRefundable = inquiryOpen, true
	}
	return d
}

// withdraw takes the disputed sum and the fee out of the balance. The dispute is told of
// with its balance transaction in it, as recordings of Stripe show.
func (t *tx) withdraw(d dispute) dispute {
	amount, currency, r := t.settle(-d.Amount, d.Currency)
	d.BalanceTransactions = append(slices.Clone(d.BalanceTransactions), t.book(balanceTransaction{
		Type: "adjustment", Category: "dispute", Amount: amount, Fee: disputeFee, Currency: currency, ExchangeRate: r,
		Source: opt(d.ID), Description: opt("Chargeback withdrawal for " + d.Charge),
	}))
	d.IsChargeRefundable = false
	return d
}

// reinstate gives back what was withdrawn, or the part of it that back is of the
// dispute's amount, at the rate of the withdrawal. The fee stays with Stripe.
func (t *tx) reinstate(d dispute, back int64) dispute {
	out := d.BalanceTransactions[len(d.BalanceTransactions)-1]
	d.BalanceTransactions = append(slices.Clone(d.BalanceTransactions), t.book(balanceTransaction{
		Type: "adjustment", Category: "dispute_reversal", Amount: -share(out.Amount, back, d.Amount), Currency: out.Currency,
		ExchangeRate: out.ExchangeRate, Source: opt(d.ID), Description: opt("Chargeback reversal for " + d.Charge),
	}))
	return d
}

// close ends a dispute: back is what the merchant gets back of its amount.
func (t *tx) close(d dispute, status string, back int64) dispute {
	before := map[string]any{"status": d.Status}
	d.Status = status
	if back > 0 {
		d = t.reinstate(d, back)
	}
	d.IsChargeRefundable = status != disputeLost
	save(t, &t.disputes, d)
	t.emit("charge.dispute.updated", d, before)
	t.emit("charge.dispute.closed", d, nil)
	if back > 0 {
		t.emit("charge.dispute.funds_reinstated", d, nil)
	}
	return d
}

// WinDispute gives all that was withdrawn back. The fee stays with Stripe.
func (s *Sim) WinDispute(id string) error {
	return s.withDispute(id, func(t *tx, d dispute) error {
		if d.inquiry() {
			return fmt.Errorf("dispute %s is an inquiry: it is closed or it escalates", id)
		}
		t.close(d, disputeWon, d.Amount)
		return nil
	})
}

// PartWinDispute gives back a part of what was withdrawn, in minor units of the charge.
// Stripe calls such a dispute lost and reinstates the part all the same.
func (s *Sim) PartWinDispute(id string, back int64) error {
	return s.withDispute(id, func(t *tx, d dispute) error {
		if d.inquiry() {
			return fmt.Errorf("dispute %s is an inquiry: no money was withdrawn", id)
		}
		if back <= 0 || back >= d.Amount {
			return fmt.Errorf("%d is not a part of the %d that are disputed", back, d.Amount)
		}
		t.close(d, disputeLost, back)
		return nil
	})
}

// LoseDispute ends a dispute against the merchant; an inquiry it closes, without money.
func (s *Sim) LoseDispute(id string) error {
	return s.withDispute(id, func(t *tx, d dispute) error {
		t.lose(d)
		return nil
	})
}

func (t *tx) lose(d dispute) dispute {
	if d.inquiry() {
		return t.close(d, inquiryClosed, 0)
	}
	return t.close(d, disputeLost, 0)
}

// EscalateInquiry turns an inquiry into a dispute, which withdraws the money.
func (s *Sim) EscalateInquiry(id string) error {
	return s.withDispute(id, func(t *tx, d dispute) error {
		if !d.inquiry() {
			return fmt.Errorf("dispute %s is not an inquiry", id)
		}
		before := map[string]any{"status": d.Status}
		d.Status = disputeOpen
		d = t.withdraw(d)
		save(t, &t.disputes, d)
		t.emit("charge.dispute.updated", d, before)
		t.emit("charge.dispute.funds_withdrawn", d, nil)
		return nil
	})
}

func (s *Sim) withDispute(id string, do func(*tx, dispute) error) error {
	return s.update(eventCause{}, func(t *tx) error {
		d, ok := t.disputes.find(id)
		if !ok {
			return noSuch("dispute", id, "dispute")
		}
		if d.closed() {
			return fmt.Errorf("dispute %s is closed: %s", id, d.Status)
		}
		return do(t, d)
	})
}

func getDispute(c *call) (any, error) { return getOne(c, &c.disputes, "dispute", "dispute") }

func listDisputes(c *call) (any, error) {
	charge := c.params.text("charge", 5000)
	intent := opt(c.params.text("payment_intent", 5000))
	return list(c, &c.disputes, func(d dispute) bool {
		return (charge == "" || d.Charge == charge) && (intent == "" || d.PaymentIntent == intent)
	})
}

// updateDispute takes evidence. As in Stripe's test mode, the texts winning_evidence and
// losing_evidence decide the dispute at once; anything else is under review.
func updateDispute(c *call) (any, error) {
	metadata := c.params.metadata("metadata")
	said := c.params.group("evidence")
	given := evidence{}
	for _, field := range evidenceTexts {
		if text := said.text(field, 150_000); text != "" {
			given[field] = opt(text)
		}
	}
	submit := c.params.choice("submit", "true", "false") != "false"
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	d, err := c.openDisputeNamed()
	if err != nil {
		return nil, err
	}
	before := map[string]any{"status": d.Status}
	d.Evidence, d.Metadata = maps.Clone(d.Evidence), maps.Clone(d.Metadata)
	maps.Copy(d.Evidence, given)
	maps.Copy(d.Metadata, metadata)
	if len(given) > 0 {
		d.EvidenceDetails.HasEvidence = true
	}
	if !submit || len(given) == 0 {
		save(c.tx, &c.disputes, d)
		c.emit("charge.dispute.updated", d, before)
		return d, nil
	}
	d.EvidenceDetails.SubmissionCount++
	switch verdict := given["uncategorized_text"]; {
	case d.inquiry() && (verdict == "winning_evidence" || verdict == "losing_evidence"):
		return c.close(d, inquiryClosed, 0), nil
	case verdict == "winning_evidence":
		return c.close(d, disputeWon, d.Amount), nil
	case verdict == "losing_evidence":
		return c.close(d, disputeLost, 0), nil
	case d.inquiry():
		d.Status = inquiryReview
	default:
		d.Status = disputeReview
	}
	save(c.tx, &c.disputes, d)
	c.emit("charge.dispute.updated", d, before)
	return d, nil
}

// closeDispute accepts a dispute as lost.
func closeDispute(c *call) (any, error) {
	if err := c.params.finish(); err != nil {
		return nil, err
	}
	d, err := c.openDisputeNamed()
	if err != nil {
		return nil, err
	}
	return c.lose(d), nil
}

func (c *call) openDisputeNamed() (dispute, error) {
	d, ok := c.disputes.find(c.id)
	if !ok {
		return d, noSuch("dispute", c.id, "dispute")
	}
	if d.closed() {
		return d, badRequest("", "dispute", "This dispute is already closed.")
	}
	return d, nil
}
