package campaign

import (
	"errors"
	"strings"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
	"kopiyka/internal/text"
)

// Wish is a campaign as a person wants it written.
type Wish struct {
	PersonID  string
	ClusterID string // whose a new campaign is; of one that is there, this is not looked at
	Slug      string // of the campaign that is changed; empty: a new one
	Version   int    // of the campaign that the person has seen

	Address                     string // its slug from now on; empty: made of the title. Fixed once it is open
	ProgrammeID                 string // empty: none
	NewProgramme                Text   // not empty: this programme is entered, and the campaign belongs to it
	Title, Summary, Story, Note Text
	Goal                        money.Amount // Minor zero: not named yet. Of an open campaign ChangeGoal changes it
	OpensOn                     time.Time    // fixed once it is open
	ClosesOn                    time.Time    // zero: no end is set
}

// How long the texts of a campaign may be, in characters.
const (
	MaxTitle   = 120
	MaxSummary = 400
	MaxStory   = 12_000
	MaxNote    = 1_000
	MaxReason  = 1_000
)

// Check tells all that is wrong with a wish for a draft, as a form of faults.
func (w Wish) Check() error { return w.tidied().check(false) }

// check tells all that is wrong with a wish. A draft may be unfinished; what is open is
// whole in both languages.
func (w Wish) check(whole bool) error {
	var form fault.Form
	form = append(form, both("title", w.Title, MaxTitle, true, whole)...)
	form = append(form, both("summary", w.Summary, MaxSummary, whole, whole)...)
	form = append(form, both("story", w.Story, MaxStory, whole, whole)...)
	form = append(form, both("note", w.Note, MaxNote, false, false)...)
	form = append(form, oneLine("title", w.Title)...)
	if w.NewProgramme != (Text{}) {
		form = append(form, both("programme", w.NewProgramme, MaxTitle, true, true)...)
		form = append(form, oneLine("programme", w.NewProgramme)...)
	}
	if !whole {
		form = append(form, w.checkDraft()...)
	}
	if !w.ClosesOn.IsZero() && w.ClosesOn.Before(w.OpensOn) {
		form = append(form, fault.In("closes_on", "campaign.closes_before_it_opens"))
	}
	return form.Err()
}

// checkDraft tells what is wrong with what only a draft may change.
func (w Wish) checkDraft() (all fault.Form) {
	switch {
	case w.Address == "":
	case w.Address == "new":
		all = append(all, fault.In("address", "campaign.address_reserved"))
	case len(w.Address) > text.MaxSlug || !slugForm.MatchString(w.Address):
		all = append(all, fault.In("address", "campaign.address_form"))
	}
	switch {
	case !w.Goal.Currency.Known():
		all = append(all, fault.In("currency", "currency.unknown", string(w.Goal.Currency)))
	case w.Goal.Minor < 0 || w.Goal.Minor > maxGoal:
		all = append(all, fault.In("goal", "campaign.goal_range"))
	}
	if w.OpensOn.IsZero() {
		all = append(all, fault.In("opens_on", "campaign.day_needed"))
	}
	return all
}

// maxGoal is the most that a campaign collects, in minor units.
const maxGoal = 100_000_000_000_000

// both judges a text in its two languages: the fields are the name with _uk and _en.
func both(name string, t Text, most int, uk, en bool) (all fault.Form) {
	for _, one := range []struct {
		field, text string
		needed      bool
	}{{name + "_uk", t.UK, uk}, {name + "_en", t.EN, en}} {
		switch f := text.Check(one.field, one.text, most); {
		case f != nil:
			all = append(all, f)
		case text.Blank(one.text) && (one.needed || one.text != ""):
			all = append(all, fault.In(one.field, "campaign.text_needed"))
		}
	}
	return all
}

// oneLine refuses more than one line.
func oneLine(name string, t Text) (all fault.Form) {
	for field, s := range map[string]string{name + "_uk": t.UK, name + "_en": t.EN} {
		if strings.ContainsAny(s, "\r\n\t") {
			all = append(all, fault.In(field, "text.hidden_characters"))
		}
	}
	return all
}

// tidy takes away the blanks that stand around a text.
func tidy(t Text) Text { return Text{strings.TrimSpace(t.UK), strings.TrimSpace(t.EN)} }

func (w Wish) tidied() Wish {
	w.Title, w.Summary, w.Story, w.Note, w.NewProgramme = tidy(w.Title), tidy(w.Summary), tidy(w.Story), tidy(w.Note), tidy(w.NewProgramme)
	w.Address = strings.TrimSpace(w.Address)
	return w
}

// checkReason refuses a reason that says nothing, or too much.
func checkReason(field, reason string) error {
	if text.Blank(reason) {
		return fault.In(field, "campaign.reason_needed")
	}
	if f := text.Check(field, reason, MaxReason); f != nil {
		return f
	}
	return nil
}

// alsoWrong adds what err says to a form of faults, and returns what is no fault.
func alsoWrong(form *fault.Form, err error) error {
	var more fault.Form
	switch one, is := fault.As(err); {
	case err == nil:
		return nil
	case errors.As(err, &more):
		*form = append(*form, more...)
		return nil
	case is:
		*form = append(*form, one)
		return nil
	}
	return err
}
