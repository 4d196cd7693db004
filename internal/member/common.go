package member

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

// passwordsFile is what people choose most, by what breaches have shown: the entries of 12
// letters and more in the frequency list of zxcvbn 4.4.2 (MIT, Dan Wheeler and Dropbox), its
// first six thousand shorter ones, and a few of our own.
//
//go:embed passwords.txt
var passwordsFile string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(passwordsFile) {
		all[strings.TrimSuffix(line, "\n")] = true
	}
	return all
})

// common reports whether a password, in small letters, is one that everybody tries: it is on
// a list, is an entry of a list with figures or signs around it or written several times, is a
// few signs over and over, or runs along the alphabet or the figures.
func common(password string) bool {
	list := commonPasswords()
	core := strings.TrimFunc(password, func(r rune) bool { return !unicode.IsLetter(r) })
	plain := strings.TrimFunc(password, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if list[password] || list[core] || breached(password) || breached(plain) || breached(core) || core == "" && sequential(password) {
		return true
	}
	runes := []rune(password)
	for size := 1; size <= len(runes)/2; size++ {
		if repeats(runes, size) && (size <= 4 || list[string(runes[:size])]) {
			return true
		}
	}
	return sequential(password)
}

// repeats reports whether the signs come round after size of them.
func repeats(signs []rune, size int) bool {
	for i := size; i < len(signs); i++ {
		if signs[i] != signs[i-size] {
			return false
		}
	}
	return true
}

// sequential reports whether nearly every sign is the neighbour of the one before it, as in
// abcdefghijkl or 987654321098.
func sequential(password string) bool {
	signs, steps := []rune(password), 0
	for i := 1; i < len(signs); i++ {
		if d := signs[i] - signs[i-1]; d >= -1 && d <= 1 || d == 9 || d == -9 {
			steps++
		}
	}
	return steps*10 >= (len(signs)-1)*9
}
