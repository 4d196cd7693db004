package member

import "context"

type personKey struct{}

// WithPerson returns a context that carries who is signed in. The sign-in door sets it;
// the other doors ask.
func WithPerson(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, personKey{}, p)
}

// SignedIn tells who is signed in, if anybody is.
func SignedIn(ctx context.Context) (Person, bool) {
	p, ok := ctx.Value(personKey{}).(Person)
	return p, ok
}
