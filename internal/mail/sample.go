package mail

// Sample is a letter as people look at it before anybody gets one: made of invented facts by
// the room that writes such letters, with its own words.
type Sample struct {
	Case        string // which of the letters of its template: "invitation"; it may stand in an address
	Name        string // its template
	Data        any
	Unsubscribe string
}
