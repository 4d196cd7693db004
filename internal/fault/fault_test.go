package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"kopiyka/internal/fault"
)

func TestAsFindsAFaultBelowWrapping(t *testing.T) {
	err := fmt.Errorf("pledge: %w", fault.New(fault.NotFound, "campaign.unknown", "x"))
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.NotFound || f.Key != "campaign.unknown" || f.Args[0] != "x" {
		t.Fatalf("As = %+v, %v", f, ok)
	}
	if !errors.Is(err, fault.New(fault.NotFound, "campaign.unknown")) {
		t.Error("errors.Is does not compare by kind and key")
	}
	if errors.Is(err, fault.New(fault.Invalid, "campaign.unknown")) {
		t.Error("errors.Is ignores the kind")
	}
}

func TestFormKeepsOneFaultPerFieldAndHandsUpTheRest(t *testing.T) {
	var form fault.Form
	if form.Err() != nil {
		t.Fatal("an empty form has an error")
	}
	if err := form.Add("amount", fault.New(fault.Invalid, "money.zero")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk on fire")
	if err := form.Add("message", broken); !errors.Is(err, broken) {
		t.Errorf("Add swallowed %v", err)
	}
	if len(form) != 1 || form[0].Field != "amount" {
		t.Errorf("form = %v", form)
	}
	if _, ok := fault.As(form.Err()); !ok {
		t.Error("a form hides its faults")
	}
}
