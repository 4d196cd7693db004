package document

import (
	"time"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/money"
)

// LetterSamples are this room's letters with invented facts, in a language. Their links lead
// nowhere.
func LetterSamples(l i18n.Lang, at time.Time, site string) []mail.Sample {
	received, sent := money.Of(1_250_000, "UAH"), money.Of(300_000, "UAH")
	facts := Facts{
		Company: Text{"ТОВ «Приклад»", "Sample Ltd"}, Cluster: Text{"Кластер Прикладу", "Sample Cluster"}, Amount: received,
		Pledge:  &Pledge{Campaign: Text{"Апарати ШВЛ", "Ventilators"}, Reference: "RF18539007547034"},
		Payment: &Payment{Received: received, Fee: money.Of(18_750, "UAH"), ReceiptNo: "2026-17"},
	}
	sample := func(kind Kind, amount money.Amount, undone bool) mail.Sample {
		f := facts
		f.Amount, f.Undone = amount, undone
		d := Document{Kind: kind, Year: at.Year(), Number: 17, PledgeID: "sample", Facts: f, HappenedAt: at}
		return mail.Sample{Case: letterOf(d), Name: letterOf(d), Data: newLetter(l, d, site)}
	}
	return []mail.Sample{sample(Receipt, received, false), sample(RefundNote, sent, false), sample(RefundNote, sent, true)}
}
