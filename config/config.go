// Package config reads custody.yaml: one file, each key documented in
// custody.example.yaml, unknown keys rejected with the nearest known one, and a
// usable default for everything but the systems themselves.
package config

import (
	"time"
)

// FileName is the configuration's name in the working directory.
const FileName = "custody.yaml"

// MaxSize is the longest file that is read, in bytes.
const MaxSize = 1 << 20

// Config is custody.yaml. Paths in it are relative to the working directory.
type Config struct {
	// Listen is the address of the gate for PostgreSQL clients, host:port.
	Listen string `yaml:"listen"`
	TLS    TLS    `yaml:"tls"`
	// TimeZone is where days begin and in which times are shown on screens.
	// Records and --json are always in UTC.
	TimeZone   string             `yaml:"time_zone"`
	Limits     Limits             `yaml:"limits"`
	Revocation Revocation         `yaml:"revocation"`
	Ledger     Ledger             `yaml:"ledger"`
	Doctor     Doctor             `yaml:"doctor"`
	SignIn     SignIn             `yaml:"sign_in"`
	Console    Console            `yaml:"console"`
	People     People             `yaml:"people"`
	Scim       Scim               `yaml:"scim"`
	Notices    Notices            `yaml:"notices"`
	Admin      Admin              `yaml:"admin"`
	Complaints Complaints         `yaml:"complaints"`
	Detection  Detection          `yaml:"detection"`
	Systems    map[string]*System `yaml:"systems"`

	zone *time.Location
}

// TLS is what the gate shows to clients. Everybody who does not come over the
// loopback must use it; there is no switch for that.
type TLS struct {
	Certificate string `yaml:"certificate"` // PEM, with intermediates if there are any
	Key         string `yaml:"key"`
	// ClientAuthority signs personal client certificates.
	ClientAuthority string `yaml:"client_authority"`
	// Names are the host names and addresses that a certificate made by custody
	// init is for.
	Names []string `yaml:"names"`
}

// Limits bound what clients may ask of the gate's memory.
type Limits struct {
	Connections int      `yaml:"connections"`
	MessageSize Size     `yaml:"message_size"` // of one message of the protocol
	SignIn      Duration `yaml:"sign_in"`      // how long a sign-in may take
}

// Revocation says how fast the end of a right is heard.
type Revocation struct {
	// Poll is how often changes are looked for; at most 500 ms, because live
	// sessions must be cut within a second.
	Poll Duration `yaml:"poll"`
}

// Ledger is how disclosures are kept.
type Ledger struct {
	// Origin names this ledger in its signed checkpoints. It cannot be changed
	// once the ledger exists.
	Origin          string   `yaml:"origin"`
	SegmentSize     Size     `yaml:"segment_size"`
	CheckpointEvery Duration `yaml:"checkpoint_every"`
	// Send says who keeps checkpoints, so that nobody here can rewrite the ledger
	// unnoticed.
	Send LedgerSend `yaml:"send"`
}

// Doctor says how guarded databases are examined for ways around the gate.
type Doctor struct {
	// Every is how often a running gate examines them, as custody doctor does.
	Every Duration `yaml:"every"`
}

// Default gives the configuration of an empty file.
func Default() *Config {
	return &Config{
		Listen: "127.0.0.1:6432",
		TLS: TLS{
			Certificate:     "keys/server.crt",
			Key:             "keys/server.key",
			ClientAuthority: "keys/ca.crt",
			Names:           []string{"localhost", "127.0.0.1"},
		},
		TimeZone:   "Europe/London",
		Limits:     Limits{Connections: 4000, MessageSize: 64 << 20, SignIn: Duration(20 * time.Second)},
		Revocation: Revocation{Poll: Duration(100 * time.Millisecond)},
		Ledger:     Ledger{Origin: "custody", SegmentSize: 64 << 20, CheckpointEvery: Duration(time.Second), Send: LedgerSend{Mail: []string{}, Webhooks: []string{}, Syslog: []string{}, Folders: []string{}}},
		Doctor:     Doctor{Every: Duration(24 * time.Hour)},
		SignIn:     defaultSignIn(),
		Console:    Console{Listen: ConsoleListen, TLS: Off, Title: "Custody"},
		Scim:       Scim{TLS: On, Clients: map[string]*ScimClient{}},
		Notices:    defaultNotices(),
		Complaints: defaultComplaints(),
		Detection:  defaultDetection(),
		Systems:    map[string]*System{},
	}
}

// Zone gives the time zone. A configuration that was not parsed has UTC.
func (c *Config) Zone() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}
