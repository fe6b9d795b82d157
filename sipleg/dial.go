package sipleg

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// maxDialled is how many lines the phones of one agent may have called us on at a time:
// a password that was stolen rings no more phones than that.
const maxDialled = 8

// dialler returns the agent whose phone sends a first INVITE, and reports whether an
// agent's phone does. If it does and the agent is "", the INVITE gets the response, which
// is the zero Message if it gets none. A phone that registers has to prove whose it is; no
// memory and no port is spent on it before. From is only checked, and not passed on.
func (l *Legs) dialler(m sipua.Received, r *sip.Request) (agent string, is bool, response sipua.Message) {
	caller := address(r.From().Address)
	agent, is = l.addresses.Phone(m.From, caller)
	if is && agent == "" {
		who, response, ok := l.authenticator.Authenticate(l.now(), m)
		if !ok {
			return "", true, response
		}
		agent = who.Name
	}
	if is && l.addresses.Claims(agent, caller) {
		l.denied(m, agent, r, errors.New("the phone claims to be another agent's"))
		return "", true, forbidden(m, 403, "Forbidden", "this phone is "+agent+"'s")
	}
	return agent, is, sipua.Message{}
}

// dialled returns how the contact begins that an agent's phone asks for, or the response
// if none does.
func (l *Legs) dialled(m sipua.Received, r *sip.Request, agent string) (call.Dialled, sipua.Message) {
	if l.lines(agent) >= maxDialled {
		return call.Dialled{}, forbidden(m, 486, "Busy Here", "this phone has too many calls")
	}
	written, err := l.meant(r.Recipient, r.From().Address)
	var begins call.Dialled
	if err == nil {
		begins, err = l.addresses.Dialled(agent, written)
	}
	if err != nil {
		l.denied(m, agent, r, err)
		status, reason := statusOf(err)
		return call.Dialled{}, forbidden(m, status, reason, sentence(err))
	}
	return begins, sipua.Message{}
}

// meant returns the meaning of a dialled uri, in the words that Directory.Endpoint reads:
// the user, if the address is at this server, where a phone puts the dialled keys; else the
// whole address. At this server only the user counts, and a parameter that leads elsewhere
// is refused instead of ignored. home is an address of the phone's own: a host name in it
// stands for this server.
func (l *Legs) meant(uri, home sip.Uri) (string, error) {
	if uri.Scheme == "tel" {
		return "tel:" + uri.Raw(), nil
	}
	user, err := url.PathUnescape(uri.User)
	switch {
	case err != nil, uri.Password != "", len(uri.Headers) > 0, slices.ContainsFunc(uri.UriParams, leadsElsewhere):
		return "", &switchboard.DialError{Reason: call.Denied, Detail: "the address has more than a user, a host and a port"}
	case !l.here(uri, home):
		return uri.String(), nil
	case strings.ContainsAny(user, ":@"):
		return "", &switchboard.DialError{Reason: call.NotFound, Detail: fmt.Sprintf("%q is not a user of this server", user)}
	}
	return user, nil
}

// leadsElsewhere reports whether a parameter changes where an address leads, or the
// request to it (RFC 3261 §19.1.1).
func leadsElsewhere(p sip.HeaderKV) bool {
	name, err := url.PathUnescape(p.K)
	return err != nil || slices.Contains([]string{"maddr", "method", "ttl"}, strings.ToLower(strings.TrimSpace(name))) ||
		strings.ContainsAny(p.K+p.V, "@?")
}

// here reports whether an address is at this server: where it listens, or at the host by
// whose name the phone knows it.
func (l *Legs) here(uri, home sip.Uri) bool {
	at := sipua.AddressOf(uri)
	if !at.IsValid() {
		return strings.EqualFold(uri.Host, home.Host)
	}
	return at == l.local.Address || uri.Port == 0 && at.Addr() == l.local.Address.Addr()
}

// lines returns how many lines the phones of an agent have called us on. Those that have
// taken the place of others count as well.
func (l *Legs) lines(agent string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, all := range l.legs {
		for _, a := range all {
			if a.caller.Agent == agent && !a.refused.Load() {
				n++
			}
		}
	}
	return n
}

// denied logs why a phone may not call the number or address it has dialled.
func (l *Legs) denied(m sipua.Received, agent string, r *sip.Request, why error) {
	if missed, is := l.denials.due(l.now()); is {
		l.log.Warn("rejecting the INVITE of an agent's phone", "agent", agent, "from", m.From, "called", plain(r.Recipient.String()),
			"error", why, "unmentioned", missed)
	}
}

// forbidden refuses an INVITE with a sentence that some phones show (RFC 3261 §20.43).
func forbidden(m sipua.Received, status int, reason, text string) sipua.Message {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain(text))
	return sipua.Refuse(m, status, reason, sip.NewHeader("Warning", fmt.Sprintf(`399 holdfast "%s"`, quoted)))
}

// statusOf returns the status for an agent's phone that has dialled a number or address it
// may not call, or one that makes no sense.
func statusOf(err error) (status int, reason string) {
	why, ok := errors.AsType[*switchboard.DialError](err)
	switch {
	case !ok:
		return 484, "Address Incomplete"
	case why.Reason == call.Denied:
		return 403, "Forbidden"
	}
	return statusFor(why.Reason)
}

// sentence returns the text of an error, without the reason that a DialError begins with.
func sentence(err error) string {
	if why, ok := errors.AsType[*switchboard.DialError](err); ok {
		return why.Detail
	}
	return err.Error()
}
