package config

import (
	"net"
	"net/url"
	"strconv"
)

// Console is the web console.
type Console struct {
	// Listen is where browsers connect, host:port; empty serves no console.
	Listen string `yaml:"listen"`
	// TLS is on, or off for a listener on the loopback.
	TLS string `yaml:"tls"`
	// Public is how browsers reach the console, scheme and host. Empty: by the
	// listener's port on localhost.
	Public string `yaml:"public"`
	// Title is what pages call this deployment.
	Title string `yaml:"title"`
}

// ConsoleListen is where the console is when custody.yaml does not say.
const ConsoleListen = "127.0.0.1:6480"

// ConsoleSystem is the system whose sessions are those of the console; no other can
// have the name.
const ConsoleSystem = "console"

func (c *Console) check(k checker) {
	if c.Listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if _, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil {
		k.at("write host:port, like "+ConsoleListen+", or nothing for no console", "console", "listen")
		return
	}
	if c.TLS != On && c.TLS != Off {
		k.at(unknown("word", c.TLS, []string{On, Off}), "console", "tls")
	}
	if c.TLS == Off && !loopback(c.Listen) {
		k.at("only a listener on the loopback can do without TLS: a proxy of this machine stands in front of it", "console", "tls")
	}
	if c.Public == "" && !loopback(c.Listen) {
		k.at("write https://host, as browsers reach it", "console", "public")
	}
	if u := baseURL(c.Public); c.Public != "" && (u == nil || u.Scheme != "https" && !loopbackHost(u.Hostname())) {
		k.at("write https://host: passwords and passkeys need it", "console", "public")
	}
}

// PublicURL is how browsers reach the console, when it listens on a port. The
// configuration was parsed without an error.
func (c *Console) PublicURL(port int) *url.URL {
	if c.Public != "" {
		return baseURL(c.Public)
	}
	scheme := "http"
	if c.TLS == On {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort("localhost", strconv.Itoa(port))}
}
