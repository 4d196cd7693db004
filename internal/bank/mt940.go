package bank

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"time"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// mt940 reads SWIFT's customer statement: one or more messages of tagged fields.
func (r *reading) mt940(from io.Reader) error {
	m := &mtReader{lines: bufio.NewReaderSize(from, 4096), reading: r}
	for {
		tag, text, err := m.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := m.field(tag, text); err != nil {
			return err
		}
	}
	if m.open {
		return fault.In("file", "bank.mt940.missing", m.at, ":62F:")
	}
	return nil
}

// mtReader cuts a file into fields. A field begins with its tag between colons and goes on
// until the next, or until a line that ends the message.
type mtReader struct {
	lines   *bufio.Reader
	reading *reading
	ahead   string // a line that was read and not used
	has     bool
	number  int // of the line that was read last
	at      int // where the field begins

	open    bool // a statement has begun
	account string
	page    string
	line    Line // the movement whose :86: may follow
	pending bool
}

const maxFieldLines = 200

func (m *mtReader) next() (tag, text string, err error) {
	for {
		line, err := m.readLine()
		if err != nil {
			return "", "", err
		}
		tag, text, ok := tagOf(line)
		if !ok {
			if m.open && !ends(line) && strings.TrimSpace(line) != "" {
				return "", "", fault.In("file", "bank.mt940.line", m.number)
			}
			continue // a message's envelope
		}
		m.at = m.number
		parts := []string{text}
		for {
			line, err := m.readLine()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return "", "", err
			}
			if _, _, begins := tagOf(line); begins || ends(line) {
				m.ahead, m.has = line, true
				break
			}
			if parts = append(parts, line); len(parts) > maxFieldLines {
				return "", "", fault.In("file", "bank.file.entry_too_large", m.at)
			}
		}
		return tag, strings.Join(parts, "\n"), nil
	}
}

// ends reports whether a line ends a message or begins another's envelope.
func ends(line string) bool {
	return line == "-" || strings.HasPrefix(line, "-}") || strings.HasPrefix(line, "{")
}

func (m *mtReader) readLine() (string, error) {
	if m.has {
		m.has = false
		return m.ahead, nil
	}
	line, err := m.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fault.In("file", "bank.file.entry_too_large", m.number+1)
	}
	if len(line) == 0 {
		return "", err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	m.number++
	return strings.TrimRight(string(line), "\r\n\x1a\x03"), nil
}

// tagOf reads the tag at the beginning of a line. {4: may stand before the first one.
func tagOf(line string) (tag, text string, ok bool) {
	if _, inner, found := strings.Cut(line, "{4:"); found {
		line = inner
	}
	if len(line) < 4 || line[0] != ':' {
		return "", "", false
	}
	tag, text, ok = strings.Cut(line[1:], ":")
	if !ok || len(tag) < 2 || len(tag) > 3 || !digits(tag[:2]) || len(tag) == 3 && (tag[2] < 'A' || tag[2] > 'Z') {
		return "", "", false
	}
	return tag, text, true
}

// field takes one field in.
func (m *mtReader) field(tag, text string) error {
	if tag != "86" {
		if err := m.flush(); err != nil {
			return err
		}
	}
	switch tag {
	case "25", "25P":
		account, _, _ := strings.Cut(text, "\n")
		m.account = clean(squeeze(account))
	case "28", "28C":
		m.page = clean(text)
	case "60F", "60M":
		return m.opens(tag, text)
	case "61":
		return m.movement(text)
	case "86":
		if m.pending {
			m.line.describe(text)
			return m.flush()
		} // else it is about the statement
	case "62F", "62M":
		return m.closes(tag, text)
	}
	return nil
}

// flush hands over a movement, once nothing more can be said of it.
func (m *mtReader) flush() error {
	if !m.pending {
		return nil
	}
	m.pending = false
	return m.reading.add(m.line)
}

func (m *mtReader) opens(tag, text string) error {
	if m.open {
		return fault.In("file", "bank.mt940.missing", m.at, ":62F:")
	}
	m.reading.begin(m.at)
	b, err := m.balance(tag, text)
	if err != nil {
		return err
	}
	m.open = true
	s := &m.reading.now
	s.Account, s.Number, s.Opening = m.account, m.page, b
	return nil
}

func (m *mtReader) closes(tag, text string) error {
	if !m.open {
		return fault.In("file", "bank.mt940.missing", m.at, ":60F:")
	}
	b, err := m.balance(tag, text)
	if err != nil {
		return err
	}
	m.open = false
	m.reading.now.Closing = b
	return m.reading.end()
}

// balance reads C or D, YYMMDD, a currency and an amount.
func (m *mtReader) balance(tag, text string) (Balance, error) {
	bad := fault.In("file", "bank.mt940.field", m.at, ":"+tag+":")
	text = strings.TrimSpace(text)
	if len(text) < 11 || (text[0] != 'C' && text[0] != 'D') {
		return Balance{}, bad
	}
	on, ok := day(text[1:7], "060102")
	c := text[7:10]
	if !ok || !isCurrency(c) {
		return Balance{}, bad
	}
	s := &m.reading.now
	if s.Currency != "" && string(s.Currency) != c {
		return Balance{}, fault.In("file", "bank.statement.other_currency", m.at, c, string(s.Currency))
	}
	s.Currency = money.Currency(c)
	minor, err := minorOf(text[10:], ',', s.Currency)
	if err != nil {
		return Balance{}, amountFault(err, m.at, ":"+tag+":")
	}
	if text[0] == 'D' {
		minor = -minor
	}
	return Balance{minor, on, true}, nil
}

// movement reads :61:, such as 2611201120C1234,50NTRFinvoice 7//A1 and a second line of
// the bank's own words.
func (m *mtReader) movement(text string) error {
	bad := fault.In("file", "bank.mt940.field", m.at, ":61:")
	if !m.open {
		return fault.In("file", "bank.mt940.missing", m.at, ":60F:")
	}
	head, more, _ := strings.Cut(text, "\n")
	if len(head) < 6 {
		return bad
	}
	value, ok := day(head[:6], "060102")
	if !ok {
		return bad
	}
	l := Line{BookedOn: value, ValueOn: value, At: m.at}
	rest := head[6:]
	if len(rest) >= 4 && digits(rest[:4]) {
		if l.BookedOn, ok = entryDay(value, rest[:4]); !ok {
			return bad
		}
		rest = rest[4:]
	}
	sign, rest, ok := mtSide(rest, &l)
	if !ok {
		return bad
	}
	end := strings.IndexFunc(rest, func(c rune) bool { return c != ',' && (c < '0' || c > '9') })
	if end < 0 || len(rest) < end+4 || rest[end] < 'A' || rest[end] > 'Z' {
		return bad
	}
	minor, err := minorOf(rest[:end], ',', m.reading.now.Currency)
	if err != nil {
		return amountFault(err, m.at, ":61:")
	}
	l.Minor = sign * minor
	if kind := rest[end+1 : end+4]; l.Kind == "" && (kind == "CHG" || kind == "COM") {
		l.Kind = Fee
	} else if l.Kind == "" && kind == "RTI" {
		l.Kind = Return
	}
	own, banks, _ := strings.Cut(rest[end+4:], "//")
	l.EndToEnd, l.Reference, l.Details = known(own), known(banks), clean(more)
	m.line, m.pending = l, true
	return nil
}

// mtSide reads whether money came or left. R stands for a reversal: RC takes back what had
// come in. E stands for what is expected; it moves money no less once it is in a statement.
// A letter of the currency's may follow.
func mtSide(rest string, l *Line) (sign int64, left string, ok bool) {
	if strings.HasPrefix(rest, "R") {
		l.Kind = Return
		rest = rest[1:]
		switch {
		case strings.HasPrefix(rest, "C"):
			sign = -1
		case strings.HasPrefix(rest, "D"):
			sign = 1
		default:
			return 0, "", false
		}
		rest = rest[1:]
	} else {
		rest = strings.TrimPrefix(rest, "E")
		switch {
		case strings.HasPrefix(rest, "C"):
			sign = 1
		case strings.HasPrefix(rest, "D"):
			sign = -1
		default:
			return 0, "", false
		}
		rest = rest[1:]
	}
	if rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
		rest = rest[1:]
	}
	return sign, rest, true
}

// entryDay is the day of a month near the value's day: at the turn of a year it may be in
// the other one.
func entryDay(value time.Time, monthAndDay string) (time.Time, bool) {
	var best time.Time
	for _, year := range []int{value.Year() - 1, value.Year(), value.Year() + 1} {
		d, err := time.Parse("20060102", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")+monthAndDay)
		if err == nil && (best.IsZero() || d.Sub(value).Abs() < best.Sub(value).Abs()) {
			best = d
		}
	}
	return best, !best.IsZero()
}
