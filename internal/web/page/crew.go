package page

// Crew are people, each with what may be done about them.
type Crew struct{ Items []Mate }

// Mate is one person, or an invitation that waits.
type Mate struct {
	Name, Note string
	Roles      string
	Acts       []Press
	Way        Link // to an act that is asked about first; may be none
}

// Press is a button that does one thing at once.
type Press struct {
	Action, Text string
	Whom         string // for those who only hear the page
	Hidden       []Hidden
}
