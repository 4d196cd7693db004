package giving

import (
	"time"

	"kopiyka/internal/clock"
	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
	"kopiyka/internal/money"
)

// LetterSamples are this room's letters with invented facts, in a language. Their links lead
// nowhere.
func LetterSamples(l i18n.Lang, at time.Time, site string) []mail.Sample {
	link, cluster := site+"/sample", Text{"Кластер Прикладу", "Sample Cluster"}
	p := Pledge{
		Company: Text{"ТОВ «Приклад»", "Sample Ltd"}, Campaign: Text{"Апарати ШВЛ", "Ventilators"}, Amount: money.Of(2_500_000, "UAH"), Reference: "RF18539007547034", PurchaseOrder: "PO-17",
	}
	i := Instalment{DueOn: clock.Day(at).AddDate(0, 0, DueDays), Asks: 1_250_000, State: Due}
	late := Instalment{DueOn: clock.Day(at).AddDate(0, 0, -7), Asks: 1_250_000, Paid: 400_050, State: Overdue}
	var all []mail.Sample
	for _, step := range reminderSteps {
		of := i
		if step.after > 0 {
			of = late
		}
		all = append(all, mail.Sample{Case: "reminder-" + step.name, Name: "reminder", Data: newReminder(l, step, p, of, link), Unsubscribe: link})
	}
	return append(all, mail.Sample{Case: "digest", Name: "digest", Data: newDigest(l, cluster, []Awaited{{p, late}, {p, i}}, site), Unsubscribe: link})
}
