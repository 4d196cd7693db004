package config

import "reflect"

// Secrets are the variables that hold secrets: each may come in a file instead.
func Secrets() []string {
	var all []string
	for field := range reflect.TypeFor[Config]().Fields() {
		if _, secret := field.Tag.Lookup("secret"); secret {
			all = append(all, field.Tag.Get("env"))
		}
	}
	return all
}
