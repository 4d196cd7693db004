package member

import (
	"time"

	"kopiyka/internal/i18n"
	"kopiyka/internal/mail"
)

// LetterSamples are this room's letters with invented facts, in a language. Their links lead
// nowhere.
func LetterSamples(l i18n.Lang, at time.Time, site string) []mail.Sample {
	company, cluster := Text{"ТОВ «Приклад»", "Sample Ltd"}, Text{"Кластер Прикладу", "Sample Cluster"}
	name, other := Text{"Олена Зразкова", "Olena Zrazkova"}.In(l), Text{"Роман Примірний", "Roman Prymirnyi"}.In(l)
	link := site + "/sample"
	apply := mail.Button{Text: l.T("mail.application_refused.button"), Href: link}
	reason := Text{"Ваш сайт ще не відкривається. Подайте заявку, коли він запрацює.", "Your site cannot be opened yet. Apply again once it works."}.In(l)
	all := []mail.Sample{
		{Case: "invitation", Name: "people", Data: invitationLetter(l, at, company, other, string(Payer), link)},
		{Case: "invitation-first", Name: "people", Data: invitationLetter(l, at, cluster, "", string(Admin), link)},
		{Case: "joined", Name: "people", Data: joinedLetter(l, name, "olena@example.org", company, string(Payer))},
		{Case: "role-given", Name: "people", Data: roleLetter(l, other, cluster, "", string(Approver))},
		{Case: "role-changed", Name: "people", Data: roleLetter(l, other, company, string(Viewer), string(Payer))},
		{Case: "role-taken", Name: "people", Data: roleLetter(l, other, cluster, string(Treasurer), "")},
		{Case: "factor-asked", Name: "people", Data: factorLetter(l, other, company, true, false, link)},
		{Case: "factor-asked-known", Name: "people", Data: factorLetter(l, other, company, true, true, link)},
		{Case: "factor-ended", Name: "people", Data: factorLetter(l, other, company, false, true, link)},
		{Case: "application", Name: "people", Data: applicationLetter(l, company, cluster, link)},
		{Case: "application-arrived", Name: "people", Data: arrivedLetter(l, company, cluster, link), Unsubscribe: link},
		{Case: "application-known", Name: "people", Data: decidedLetter(l, company, cluster, "mail.application_known.title", "mail.application_known.text", "", mail.Button{})},
		{Case: "application-refused", Name: "people", Data: decidedLetter(l, company, cluster, "mail.application_refused.title", "mail.application_refused.text", reason, apply)},
		{Case: "address", Name: "people", Data: addressLetter(l, link)},
		{Case: "reset", Name: "reset", Data: resetLetter{Name: name, Button: mail.Button{Text: l.T("mail.reset.button"), Href: link}}},
		{Case: "erased", Name: mail.Farewell, Data: farewell{7}},
	}
	for _, what := range toldChanges {
		all = append(all, mail.Sample{Case: "account-" + what, Name: "account", Data: toldOf(l, at, what, name)})
	}
	for _, half := range []bool{false, true} {
		c := "account-browser"
		if half {
			c += "-half"
		}
		all = append(all, mail.Sample{Case: c, Name: "account", Data: browserLetter(l, at, name, Browser{Name: "Firefox, Windows", Host: "203.0.113.7", Half: half})})
	}
	return all
}

// toldChanges are all that somebody may be told of about their own sign-in.
var toldChanges = []string{
	"password", "authenticator", "authenticator-removed", "recovery", "recovery-used", "factors-reset", "passkey", "passkey-removed", "passkey-copied", "issuer", "issuer-removed",
}
