package gateway

import (
	"errors"
	"iter"
)

// lister is one of the library's lists, which fetches page after page.
type lister interface {
	Next() bool
	Err() error
}

var errEmptyPage = errors.New("an empty page promises another")

// listed goes through a list of Stripe's. What Stripe refuses ends it with an error that
// says what was being done. So does a page that is empty and promises another, at which
// the library panics.
func listed[L lister](doing string, list L) iter.Seq2[L, error] {
	return func(yield func(L, error) bool) {
		for {
			more, err := next(list)
			if err == nil && !more {
				err = list.Err()
			}
			if err != nil {
				yield(list, stripeErr(doing, err))
				return
			}
			if !more || !yield(list, nil) {
				return
			}
		}
	}
}

// next recovers from the library alone, and from nothing that is done with the list.
func next(list lister) (more bool, err error) {
	defer func() {
		if recover() != nil {
			err = errEmptyPage
		}
	}()
	return list.Next(), nil
}
