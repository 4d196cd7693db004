package trail

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
	"kopiyka/internal/web/page"
)

// Acts are those that the program writes, in the order in which a list offers them.
var Acts = []string{
	"pledge.made", "pledge.amended", "pledge.corrected", "pledge.cancelled", "pledge.earmark-released", "pledge.written-off", "write-off.proposed", "write-off.refused",
	"payment.started", "payment.asked", "payment.gift", "payment.refund", "payment.refund-failed", "payment.dispute", "payment.dispute-won", "payment.dispute-lost", "payment.late-failure",
	"payment.corrected", "payment.amount-differs", "payment.paid-twice", "payment.paid-out-of-band", "payment.fraud-warning", "payment.unexplained-movement",
	"refund.asked", "refund.approved", "refund.declined", "refund.sent", "refund.succeeded", "refund.failed", "refund.stopped",
	"allocation.proposed", "allocation.approved", "allocation.refused",
	"statement.imported", "line.matched", "match.undo-asked", "match.undo-approved", "match.undo-refused",
	"payout.sent", "payout.came-back", "payout.does-not-add-up", "stripe.fee", "stripe.unapplied-cash", "stripe.unexplained-money",
	"campaign.written", "campaign.changed", "campaign.discarded", "campaign.opened", "campaign.closed", "campaign.reopened", "campaign.settled", "campaign.goal-changed", "programme.written",
	"purpose.added", "purpose.changed", "purpose.moved", "purpose.withdrawn", "need.added", "need.changed", "need.moved", "need.withdrawn",
	"campaign.currencies", "campaign.joined", "campaign.left", "rate.entered", "document.issued",
	"application.confirmed", "application.decided", "company.imported", "company.membership-changed", "company.facts-changed", "company.profile-changed", "company.logo-changed", "company.moved",
	"company.factor-asked", "company.factor-ended", "cluster.profile-changed", "cluster.logo-changed",
	"person.invited", "person.uninvited", "person.joined", "person.role-changed",
	"person.signed-in", "person.session-ended", "person.sessions-ended", "person.password-reset", "person.password-changed", "person.authenticator-added", "person.authenticator-removed",
	"person.passkey-added", "person.passkey-removed", "person.recovery-codes-made", "person.recovery-code-used", "person.factors-reset", "person.erased", "person.address-confirmed", "person.issuer-linked", "person.issuer-removed",
	"passkey.counter-went-back", "alarm.answered", "clock.apart", "event.replayed", "job.run-again", "letter.sent-again", "letter.bounced",
}

// Act says an act in words.
func Act(l i18n.Lang, act string) string { return wordOr(l, "desk.act."+act, act) }

// Options are all acts, as answers.
func Options(l i18n.Lang) []page.Option {
	var all []page.Option
	for _, a := range Acts {
		all = append(all, page.Option{Value: a, Text: Act(l, a)})
	}
	return all
}

// Facts are what an act was written with, one a line, in the order of their names. A field
// that was changed is told with what it was before. Sums are told as money; the address of
// a request has a place of its own.
func Facts(l i18n.Lang, raw json.RawMessage) []string {
	var facts map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // an amount of minor units is no float
	if d.Decode(&facts) != nil {
		return nil
	}
	var all []string
	for name, value := range facts {
		if name == "host" || strings.HasSuffix(name, "currency") && hasSum(facts) {
			continue
		}
		currency := currencyOf(facts, name)
		said := func(v any) string { return sayFact(l, name, v, currency) }
		text := said(value)
		if change, ok := value.(map[string]any); ok {
			before, changed := change["before"]
			after, both := change["after"]
			if changed && both && len(change) == 2 {
				text = l.T("trail.changed", said(before), said(after))
			}
		}
		all = append(all, l.T("trail.fact", wordOr(l, "trail.fact."+name, name), text))
	}
	slices.Sort(all)
	return all
}

// currencyOf is the currency that stands beside a sum, or the one of all sums of an act.
func currencyOf(facts map[string]any, name string) string {
	own, _ := facts[strings.TrimSuffix(name, "minor")+"currency"].(string)
	if own == "" {
		own, _ = facts["currency"].(string)
	}
	return own
}

func hasSum(facts map[string]any) bool {
	for name := range facts {
		if strings.HasSuffix(name, "minor") {
			return true
		}
	}
	return false
}

func sayFact(l i18n.Lang, name string, value any, currency string) string {
	switch v := value.(type) {
	case nil:
		return l.T("trail.nothing")
	case bool:
		if v {
			return l.T("trail.yes")
		}
		return l.T("trail.no")
	case string:
		switch {
		case v == "":
			return l.T("trail.nothing")
		case name == "role":
			return wordOr(l, "signin.role."+v, v)
		case name == "kind":
			return wordOr(l, "people.kind."+v, wordOr(l, "people.address."+v, v))
		case name == "proved_by" || name == "by":
			return wordOr(l, "trail.proof."+v, v)
		}
		return v
	case json.Number:
		if minor, err := v.Int64(); err == nil && strings.HasSuffix(name, "minor") && currency != "" {
			return l.Money(money.Of(minor, money.Currency(currency)))
		}
		return v.String()
	}
	text, err := json.Marshal(value)
	if err != nil {
		return l.T("trail.nothing")
	}
	return string(text)
}
