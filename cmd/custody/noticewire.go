package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"custody"
	"custody/config"
	"custody/notice"
	"custody/site"
)

// notices says who hears of what happens.
func (w *workspace) notices() (site.Notices, error) {
	c := &w.config.Notices
	out := site.Notices{CheckpointsEvery: w.config.Ledger.Send.Every.Std(), Link: c.Link, To: c.To, Organisations: c.Organisations, GiveUp: c.GiveUpAfter.Std()}
	for _, make := range []func() ([]notice.Receiver, error){w.mailReceiver, w.hookReceivers, w.syslogReceivers, w.fileReceivers, w.keepers} {
		list, err := make()
		if err != nil {
			return out, err
		}
		out.Receivers = append(out.Receivers, list...)
	}
	return out, nil
}

func receiver(name string, channel notice.Channel, f *config.NoticeFilter) notice.Receiver {
	least, _ := notice.ParseSeverity(f.Least) // the configuration was checked
	return notice.Receiver{Name: name, Channel: channel, Kinds: f.Kinds, Least: least, CustomerKeys: f.CustomerKeys}
}

func (w *workspace) mailReceiver() ([]notice.Receiver, error) {
	c := &w.config.Notices.Mail
	if c.Server == "" {
		return nil, nil
	}
	mail := &notice.Mail{Server: c.Server, Implicit: c.TLS == config.On, From: c.From, Now: w.now}
	var err error
	if c.TLS != config.Off {
		if mail.TLS, err = w.clientTLS(c.RootCertificate); err != nil {
			return nil, err
		}
	}
	if c.Credential != "" {
		mail.Account = func() (string, string, error) {
			text, err := w.credential(c.Credential)
			user, password, _ := strings.Cut(text, ":")
			return user, password, err
		}
		if _, _, err := mail.Account(); err != nil {
			return nil, err
		}
	}
	r := receiver("mail", mail, &c.Takes)
	r.Mail = true
	return []notice.Receiver{r}, nil
}

func (w *workspace) hookReceivers() (list []notice.Receiver, err error) {
	all := w.config.Notices.Webhooks
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		t, err := w.clientTLS(c.RootCertificate)
		if err != nil {
			return nil, err
		}
		secret := func() (string, error) { return w.credential(c.Credential) }
		text, err := secret()
		if err == nil {
			_, err = notice.WebhookKey(text)
		}
		if err != nil {
			return nil, custody.E(custody.CodeInvalid, "the key of the webhook "+name+" cannot be used: "+err.Error(), "custody notice key makes one; put it into "+c.Credential+", of mode 0600")
		}
		list = append(list, receiver("webhook-"+name, notice.NewWebhook(c.URL, secret, t), &c.Takes))
	}
	return list, nil
}

func (w *workspace) syslogReceivers() (list []notice.Receiver, err error) {
	host, _ := os.Hostname()
	all := w.config.Notices.Syslog
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		t, err := w.clientTLS(c.RootCertificate)
		if err != nil {
			return nil, err
		}
		list = append(list, receiver("syslog-"+name, &notice.Syslog{Address: c.Address, Transport: c.Transport, TLS: t, OCSF: c.Format == "ocsf", Host: host}, &c.Takes))
	}
	return list, nil
}

func (w *workspace) fileReceivers() (list []notice.Receiver, err error) {
	all := w.config.Notices.Files
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, receiver("file-"+name, &notice.File{Path: w.path(all[name].Path)}, &all[name].Takes))
	}
	return list, nil
}

// keepers are those who keep the ledger's checkpoints, over the same servers as notices.
func (w *workspace) keepers() (list []notice.Receiver, err error) {
	c := &w.config.Ledger.Send
	if len(c.Mail) > 0 {
		mail, err := w.mailReceiver()
		if err != nil {
			return nil, err
		}
		list = append(list, notice.Receiver{Name: "checkpoint-mail", Channel: mail[0].Channel, Mail: true, To: c.Mail})
	}
	for i, folder := range c.Folders {
		list = append(list, notice.Receiver{Name: fmt.Sprintf("checkpoint-folder-%d", i+1), Channel: &notice.Folder{Path: w.path(folder)}})
	}
	for prefix, names := range map[string][]string{"webhook-": c.Webhooks, "syslog-": c.Syslog} {
		receivers := w.hookReceivers
		if prefix == "syslog-" {
			receivers = w.syslogReceivers
		}
		all, err := receivers()
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if slices.Contains(names, strings.TrimPrefix(r.Name, prefix)) {
				list = append(list, notice.Receiver{Name: "checkpoint-" + r.Name, Channel: r.Channel})
			}
		}
	}
	for i := range list {
		list[i].Checkpoints = true
	}
	return list, nil
}

// clientTLS trusts the machine's authorities, or only the one that is named.
func (w *workspace) clientTLS(root string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if root == "" {
		return t, nil
	}
	pem, err := w.readFile(root)
	if err != nil {
		return nil, err
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, custody.E(custody.CodeInvalid, root+" holds no certificate", "it must be in PEM form")
	}
	return t, nil
}

// credential reads a secret: a file that nobody else can read, or env:NAME.
func (w *workspace) credential(name string) (string, error) {
	if variable, ok := strings.CutPrefix(name, "env:"); ok {
		if text := os.Getenv(variable); text != "" {
			return strings.TrimSpace(text), nil
		}
		return "", custody.E(custody.CodeNotFound, "the variable "+variable+" is not set", "set it for the gate's process, or name a file instead")
	}
	text, err := w.readSecret(name)
	return strings.TrimSpace(string(text)), err
}
