package identity

import (
	"strings"

	"custody"
)

// AddApplication declares a program that signs in with a credential of its own. Its
// looks are its own unless it passes on a person's signed identity.
func (s *Service) AddApplication(name, organisation string) (*Application, error) {
	name = NormalLogin(name)
	if strings.Contains(name, "@") {
		return nil, custody.E(custody.CodeInvalid, "an application's name holds no '@'", "logins with '@' belong to people")
	}
	if err := checkName("application", name); err != nil {
		return nil, err
	}
	org, err := s.EnsureOrganisation(organisation)
	if err != nil {
		return nil, err
	}
	a := &Application{Name: name, Organisation: org, OrgName: organisation, Added: s.clock().UTC()}
	if err := s.store.AddApplication(a); err != nil {
		return nil, err
	}
	return a, s.Reload()
}

// RemoveApplication ends an application: its secrets, its sessions and those of
// people through it. Its name is not given again.
func (s *Service) RemoveApplication(name string) error {
	a, err := s.application(name)
	if err != nil {
		return err
	}
	if err := s.store.RemoveApplication(a.ID, s.clock()); err != nil {
		return err
	}
	return s.Reload()
}

// Applications lists all that were ever declared, by number.
func (s *Service) Applications() ([]Application, error) { return s.store.ListApplications() }

func (s *Service) application(name string) (*Application, error) {
	if err := s.refresh(); err != nil {
		return nil, err
	}
	snap := s.now.Load()
	if a := snap.apps[snap.appNames[NormalLogin(name)]]; a != nil {
		return a, nil
	}
	return nil, custody.E(custody.CodeNotFound, "no application has this name",
		"custody application list shows all; custody application add declares one")
}
