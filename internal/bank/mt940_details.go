package bank

import "strings"

// describe takes in what :86: says of a movement. Banks write it in three ways: numbered
// pieces (?20, ?32), named pieces (/REMI/, /NAME/), or words alone.
func (l *Line) describe(text string) {
	if sign, ok := numbered(text); ok {
		l.describeNumbered(text[3:], sign)
		return
	}
	if pieces := named(text); len(pieces) > 0 {
		l.describeNamed(pieces)
		return
	}
	l.Details = clean(l.Details, text)
}

// numbered recognises three digits and a sign before two more.
func numbered(text string) (sign byte, ok bool) {
	text = strings.ReplaceAll(text, "\n", "")
	if len(text) < 6 || !digits(text[:3]) || strings.IndexByte("?>~<+", text[3]) < 0 || !digits(text[4:6]) {
		return 0, false
	}
	return text[3], true
}

// describeNumbered joins the pieces as they stand: banks cut a text at any place.
func (l *Line) describeNumbered(text string, sign byte) {
	var details, party, account string
	for piece := range strings.SplitSeq(strings.ReplaceAll(text, "\n", ""), string(sign)) {
		if len(piece) < 2 || !digits(piece[:2]) {
			details += piece
			continue
		}
		switch number, content := piece[:2], piece[2:]; {
		case number >= "20" && number <= "29", number >= "60" && number <= "63":
			details += content
		case number == "31":
			account = content
		case number == "32", number == "33":
			party += content
		}
	}
	l.Party, l.PartyIBAN = clean(party), clean(squeeze(account))
	l.Details = clean(l.Details, details)
	if _, after, found := strings.Cut(details, "EREF+"); found && l.EndToEnd == "" {
		end := strings.Index(after, "+")
		if end >= 4 {
			after = after[:end-4] // the name of the next piece stands before its sign
		}
		l.EndToEnd = known(after)
	}
}

// names are the pieces that are looked for; others belong to the text before them.
var names = map[string]bool{
	"EREF": true, "KREF": true, "MREF": true, "REMI": true, "NAME": true, "IBAN": true, "BIC": true, "ORDP": true, "BENM": true,
	"CNTP": true, "TRTP": true, "CSID": true, "MARF": true, "ADDR": true, "PURP": true, "RTRN": true, "ACCW": true, "SVCL": true, "ID": true,
}

type piece struct{ name, content string }

// named cuts a text at its names, when it begins with one.
func named(text string) []piece {
	words := strings.Split(strings.ReplaceAll(text, "\n", ""), "/")
	if len(words) < 3 || words[0] != "" || !names[words[1]] {
		return nil
	}
	var all []piece
	for _, w := range words[1:] {
		switch {
		case names[w]:
			all = append(all, piece{name: w})
		case all[len(all)-1].content == "":
			all[len(all)-1].content = w
		default:
			all[len(all)-1].content += "/" + w
		}
	}
	return all
}

func (l *Line) describeNamed(pieces []piece) {
	var texts []string
	for _, p := range pieces {
		switch p.name {
		case "EREF":
			l.EndToEnd = known(strings.Trim(p.content, "/"))
		case "NAME":
			l.Party = clean(strings.Trim(p.content, "/"))
		case "IBAN":
			l.PartyIBAN = clean(squeeze(strings.Trim(p.content, "/")))
		case "ID":
			l.PartyID = clean(strings.Trim(p.content, "/"))
		case "CNTP": // IBAN/BIC/name/place
			parts := strings.Split(p.content, "/")
			l.PartyIBAN = clean(squeeze(parts[0]))
			if len(parts) > 2 {
				l.Party = clean(parts[2])
			}
		case "REMI":
			content := strings.TrimPrefix(p.content, "USTD/")
			texts = append(texts, strings.Trim(content, "/"))
		case "RTRN":
			l.Kind = Return
		}
	}
	l.Details = clean(append([]string{l.Details}, texts...)...)
}
