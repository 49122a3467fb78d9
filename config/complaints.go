package config

import (
	"net"
	"unicode/utf8"
)

// Complaints is where and for whom complaints are taken.
type Complaints struct {
	// Listen is the address of the public form, host:port. Empty: there is none.
	Listen string `yaml:"listen"`
	// Public is how people reach it, scheme and host.
	Public string `yaml:"public"`
	// TLS is on, or off for a listener on the loopback.
	TLS string `yaml:"tls"`
	// PerHour bounds how many the form takes in an hour, from everybody together.
	PerHour int `yaml:"per_hour"`
	// Controller is who answers, as letters and the form say it; Contact is how the
	// data-protection lead is reached.
	Controller string `yaml:"controller"`
	Contact    string `yaml:"contact"`
}

func defaultComplaints() Complaints { return Complaints{TLS: On, PerHour: 300} }

func (c *Complaints) check(k checker) {
	say := func(message, key string) { k.at(message, "complaints", key) }
	for key, text := range map[string]string{"controller": c.Controller, "contact": c.Contact} {
		if utf8.RuneCountInString(text) > 200 {
			say("at most 200 characters", key)
		}
	}
	if c.PerHour < 1 || c.PerHour > 100_000 {
		say("it can be from 1 to 100000", "per_hour")
	}
	if c.TLS != On && c.TLS != Off {
		say(unknown("word", c.TLS, []string{On, Off}), "tls")
	}
	if c.Listen == "" {
		return
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		say("write host:port, like 127.0.0.1:6490 or 0.0.0.0:443", "listen")
	}
	if c.TLS == Off && !loopback(c.Listen) {
		say("only a listener on the loopback can do without TLS: a proxy of this machine stands in front of it", "tls")
	}
	if u := baseURL(c.Public); u == nil || u.Scheme != "https" && !loopbackHost(u.Hostname()) {
		say("write https://host: people type personal data there", "public")
	}
	if c.Controller == "" {
		say("say who answers: people want to know to whom they write", "controller")
	}
}
