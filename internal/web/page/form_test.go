package page

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
)

func TestAFormSaysWhatIsWrongAtItsFieldsAndAbove(t *testing.T) {
	err := fmt.Errorf("make a pledge: %w", fault.Form{fault.In("amount", "money.zero"), fault.In("visibility", "pledge.visibility")})
	f, rest := NewForm(i18n.EN, err)
	if rest != nil || !f.Failed() || f.Status() != http.StatusUnprocessableEntity {
		t.Fatalf("rest %v, failed %v, status %d", rest, f.Failed(), f.Status())
	}
	if got := f.Error("amount"); got != "Type an amount above zero" {
		t.Errorf("amount: %q", got)
	}
	if got := f.Error("message"); got != "" {
		t.Errorf("message: %q", got)
	}
	want := ErrorSummary{"Not recorded: 2 fields need correcting", []Link{
		{Href: "#amount", Text: "Amount. Type an amount above zero"},
		{Href: "#visibility", Text: "Choose what others will see"},
	}}
	if diff := cmp.Diff(want, f.Summary(map[string]string{"amount": "Amount"})); diff != "" {
		t.Error(diff)
	}
}

func TestAFormWithoutFaultsIsQuietAndAFailureIsHandedUp(t *testing.T) {
	f, err := NewForm(i18n.UK, nil)
	if err != nil || f.Failed() || f.Error("amount") != "" || f.Summary(nil).Title != "" {
		t.Errorf("no error made %+v, %v", f, err)
	}
	broken := errors.New("disk on fire")
	if _, err := NewForm(i18n.UK, broken); !errors.Is(err, broken) {
		t.Errorf("a failure became %v", err)
	}
}

func TestARefusalOfNoFieldStandsAlone(t *testing.T) {
	f, err := NewForm(i18n.EN, fault.New(fault.Conflict, "campaign.closed"))
	if err != nil {
		t.Fatal(err)
	}
	want := ErrorSummary{"Not recorded", []Link{{Text: "The campaign no longer takes pledges. Choose another"}}}
	if diff := cmp.Diff(want, f.Summary(nil)); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstAnswerCarriesTheQuestionsID(t *testing.T) {
	c := NewChoices("plan", "How", "parts", Option{Value: "once", Text: "Once"}, Option{Value: "parts", Text: "In parts"})
	if c.Items[0].ID != "plan" || c.Items[1].ID != "plan-parts" || c.Items[0].Chosen || !c.Items[1].Chosen {
		t.Errorf("%+v", c.Items)
	}
}

func TestATableLeavesOutCellsThatHaveNoColumn(t *testing.T) {
	table := NewTable("", []Column{{Text: "Who"}, {Text: "Sum", Sum: true}}, [][]Cell{{{Text: "a"}, {Text: "1"}, {Text: "surplus"}}, {{Text: "b"}}}).Total("All", Sum{Main: "1"})
	want := []Row{
		{[]Cell{{Text: "a", Head: true, Label: "Who"}, {Text: "1", IsSum: true, Label: "Sum"}}},
		{[]Cell{{Text: "b", Head: true, Label: "Who"}}},
	}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Error(diff)
	}
	if table.Foot.Span != 1 {
		t.Errorf("the total spans %d columns", table.Foot.Span)
	}
}
