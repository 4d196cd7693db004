package member

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"kopiyka/internal/pg"
)

// DeviceFor is how long a browser stays known after its person has last signed in with it.
const DeviceFor = 180 * 24 * time.Hour

// mostKnown is how many people's browser one may be.
const mostKnown = 3

// Device is a browser with which somebody has signed in before. Failures of strangers do not
// count against its people, and theirs have an allowance of their own: so nobody is shut out
// by whoever guesses at their address. It opens nothing. The zero Device is nobody's.
type Device struct {
	ID    string  `json:"id"`
	Knows []Known `json:"knows"` // the last first
	Until int64   `json:"until"` // Unix seconds
}

// Known is somebody whose browser it is.
type Known struct {
	Email  string `json:"email"`  // as attempts are counted: a hash
	Person string `json:"person"` // whose codes may be tried from it; empty: only the address was shown
}

// Remember is the device after a person has signed in with it, or, when only the address was
// shown by a letter, may try passwords with it. Guesses at a second factor are counted apart
// for those alone who have once shown one.
func (d Device) Remember(p Person, whole bool, at time.Time) Device {
	k := Known{Email: emailSubject("email", p.Email)}
	if whole {
		k.Person = p.ID
	}
	if d.ID == "" {
		d.ID = pg.NewID()
	}
	rest := slices.DeleteFunc(slices.Clone(d.Knows), func(other Known) bool {
		if other.Email == k.Email && k.Person == "" {
			k.Person = other.Person
		}
		return other.Email == k.Email
	})
	d.Knows = append([]Known{k}, rest...)
	d.Knows = d.Knows[:min(len(d.Knows), mostKnown)]
	d.Until = at.Add(DeviceFor).Unix()
	return d
}

// devices is for whom the vault seals devices. No person has such an id.
const devices = "devices"

// SealDevice writes a device down for its browser to keep. Who reads it learns nothing.
func (v *Vault) SealDevice(d Device) string {
	text, err := json.Marshal(d)
	if err != nil {
		return "" // never: it is strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(v.put(devices, string(text)))
}

// OpenDevice reads what SealDevice has written. What we have not written, or is over, is the
// zero Device.
func (v *Vault) OpenDevice(kept string, at time.Time) Device {
	var d Device
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || kept == "" {
		return d
	}
	text, err := v.take(devices, sealed)
	if err != nil || json.Unmarshal([]byte(text), &d) != nil || at.Unix() >= d.Until {
		return Device{}
	}
	return d
}

type deviceKey struct{}

// WithDevice returns a context that carries the browser from which somebody tries.
func WithDevice(ctx context.Context, d Device) context.Context {
	return context.WithValue(ctx, deviceKey{}, d)
}

// allowance is what an attempt and its host are counted as: for a device that knows the
// account, apart from all others.
func allowance(ctx context.Context, account, host string) (string, string) {
	d, _ := ctx.Value(deviceKey{}).(Device)
	for _, k := range d.Knows {
		if account == k.Email || k.Person != "" && account == factorSubject(k.Person) {
			return account + "@" + d.ID, "device:" + d.ID
		}
	}
	return account, "ip:" + host
}

// factorSubject is what guesses at a person's second factor are counted as.
func factorSubject(person string) string { return "factor:" + person }
