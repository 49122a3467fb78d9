package config

import (
	"path"
	"slices"
	"time"
)

// LedgerSend says where signed checkpoints go.
type LedgerSend struct {
	// Every is how often the newest one is sent; zero is never.
	Every Duration `yaml:"every"`
	// Mail are addresses; Webhooks and Syslog are names of notices.webhooks and
	// notices.syslog; Folders are on another machine, or are copied to one.
	Mail     []string `yaml:"mail"`
	Webhooks []string `yaml:"webhooks"`
	Syslog   []string `yaml:"syslog"`
	Folders  []string `yaml:"folders"`
}

// receivers counts those who keep checkpoints.
func (s *LedgerSend) receivers() int {
	return len(s.Mail) + len(s.Webhooks) + len(s.Syslog) + len(s.Folders)
}

func (s *LedgerSend) check(k checker, n *Notices) {
	at := func(message string, key ...string) { k.at(message, append([]string{"ledger", "send"}, key...)...) }
	if s.Every != 0 && (s.Every < Duration(time.Minute) || s.Every > Duration(30*24*time.Hour)) {
		at("it can be from 1m to 30d, or 0s for never", "every")
	}
	if (s.Every == 0) != (s.receivers() == 0) {
		at("say both how often and to whom: every, and one of mail, webhooks, syslog and folders", "every")
	}
	checkMails(at, s.Mail, "mail")
	if len(s.Mail) > 0 && n.Mail.Server == "" {
		at("notices.mail names no server", "mail")
	}
	for _, name := range s.Webhooks {
		if n.Webhooks[name] == nil {
			at(unknown("webhook", name, sortedKeys(n.Webhooks)), "webhooks")
		}
	}
	for _, name := range s.Syslog {
		if n.Syslog[name] == nil {
			at(unknown("collector", name, sortedKeys(n.Syslog)), "syslog")
		}
	}
	for i, folder := range s.Folders {
		if folder == "" || path.Clean(folder) == "." || slices.Contains(s.Folders[:i], folder) {
			at("say which folder, each once", "folders")
		}
	}
}
