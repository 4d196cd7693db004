// Package fault holds the errors that a person may read: a kind, which decides the
// HTTP status, and a key of the catalogues with its arguments, which decide the sentence.
//
// A fault is made where the rule is known and translated at the edge. It never carries
// SQL, secrets or another error's text: what a fault says, a stranger may see.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of refusal a fault is. Doors map it to a status.
type Kind int

const (
	Invalid      Kind = iota + 1 // what was sent does not make sense; 422
	NotFound                     // no such thing, or none that this person may know of; 404
	Unauthorized                 // nobody is signed in; 401
	Forbidden                    // signed in, and not allowed; 403
	Conflict                     // allowed, but not in the present state; 409
	TooLarge                     // more bytes than the door takes; 413
	TooMany                      // too often; 429
	Unavailable                  // a part of the house does not answer now; 503
)

// Fault is one refusal. Field names the form's field that it is about, or is empty. After
// is when the same may be asked again; zero: nobody knows.
type Fault struct {
	Kind  Kind
	Key   string
	Args  []any
	Field string
	After time.Duration
}

// New makes a fault. Key names a message of the catalogues, without its leading "fault.".
func New(kind Kind, key string, args ...any) *Fault {
	return &Fault{Kind: kind, Key: key, Args: args}
}

// In makes an Invalid fault about one field of a form.
func In(field, key string, args ...any) *Fault {
	return &Fault{Kind: Invalid, Key: key, Args: args, Field: field}
}

func (f *Fault) Error() string {
	if f.Field != "" {
		return fmt.Sprintf("%s: %s", f.Field, f.Key)
	}
	return f.Key
}

// Is lets errors.Is compare a fault with another by kind and key.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Kind == f.Kind && t.Key == f.Key
}

// About returns a copy of the fault that is about the named field.
func (f *Fault) About(field string) *Fault {
	c := *f
	c.Field = field
	return &c
}

// Again returns a copy of the fault that says when the same may be asked again.
func (f *Fault) Again(after time.Duration) *Fault {
	c := *f
	c.After = after
	return &c
}

// As finds the fault in err's chain.
func As(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}

// Form is every fault of one form, in the order of its fields.
type Form []*Fault

func (f Form) Error() string {
	parts := make([]string, len(f))
	for i, one := range f {
		parts[i] = one.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap lets errors.As find a single fault in a form.
func (f Form) Unwrap() []error {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = one
	}
	return errs
}

// Add appends what err says about field; nil adds nothing. An error that is no fault is
// returned as it is, for the caller to hand up.
func (f *Form) Add(field string, err error) error {
	if err == nil {
		return nil
	}
	one, ok := As(err)
	if !ok {
		return err
	}
	*f = append(*f, one.About(field))
	return nil
}

// Err is nil when the form has no fault.
func (f Form) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
