package holdfast

import (
	"context"

	"holdfast/directory"
	"holdfast/sipleg"
	"holdfast/sipua"
)

// phones is the directory as the registrar wants it.
type phones struct{ *directory.Directory }

var _ sipleg.Phones = phones{}

// Account implements sipleg.Phones.
func (p phones) Account(user string) (sipua.Account, bool) {
	agent, password, ok := p.Directory.Account(user)
	return sipua.Account{Name: agent, User: user, Password: string(password)}, ok
}

// Bindings implements sipleg.Phones.
func (p phones) Bindings(agent string) []sipua.Binding {
	var all []sipua.Binding
	for _, b := range p.Directory.Bindings(agent) {
		all = append(all, sipua.Binding(b))
	}
	return all
}

// Bind implements sipleg.Phones.
func (p phones) Bind(ctx context.Context, agent string, bindings []sipua.Binding) error {
	var all []directory.Binding
	for _, b := range bindings {
		all = append(all, directory.Binding(b))
	}
	return p.Directory.Bind(ctx, agent, all)
}
