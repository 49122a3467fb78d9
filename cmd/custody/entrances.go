package main

import (
	"net"

	"custody/site"
)

// door is a listener and what is served on it.
type door struct {
	net.Listener
	name  string // as the gate's first words and --json have it
	serve func(net.Listener) error
	// of serves where the site was not open yet when the listener was.
	of func(*site.Site, net.Listener) error
}

func closeAll(list []door) {
	for _, e := range list {
		e.Close()
	}
}

// listenEntrances opens the listeners beside those of the systems, before anything is
// served: who cannot have one of them is told so at once.
func (w *workspace) listenEntrances() (list []door, err error) {
	for _, e := range []struct {
		name, address string
		serve         func(*site.Site, net.Listener) error
	}{
		{"scim", w.config.Scim.Listen, (*site.Site).ServeScim},
		{"admin", w.config.Admin.Listen, (*site.Site).ServeAdmin},
		{"complaints", w.config.Complaints.Listen, (*site.Site).ServeComplaints},
	} {
		if e.address == "" {
			continue
		}
		l, err := listenOn(e.address)
		if err != nil {
			closeAll(list)
			return nil, err
		}
		list = append(list, door{Listener: l, name: e.name, of: e.serve})
	}
	return list, nil
}
