package sipua

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/emiago/sipgo/sip"
)

// memoryVersion is the version of the memories this code writes and reads.
const memoryVersion = 1

// A memory is a dialog written down. Messages are kept as their text: the
// INVITE of a peer with its whole Via stack, ours with its branch.
type memory struct {
	Version int         `json:"version"`
	CallID  string      `json:"callID"`
	Tag     string      `json:"tag"`
	Seed    string      `json:"seed"`
	Caller  bool        `json:"caller,omitempty"`
	Self    string      `json:"self"`
	Other   string      `json:"other"`
	Headers [][2]string `json:"headers,omitempty"` // of a first INVITE not sent yet
	Peer    peer        `json:"peer"`
	Early   []peer      `json:"early,omitempty"`
	Stage   stage       `json:"stage"`
	HangUp  bool        `json:"hangUp,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	CSeq    uint32      `json:"cseq"`         // our last
	Heard   int64       `json:"heard"`        // the peer's last
	BYE     bool        `json:"bye,omitzero"` // sent, not answered

	Challenges []challenge  `json:"challenges,omitempty"` // and never how they are answered
	Session    sessionTimer `json:"session,omitzero"`
	Shown      identity     `json:"shown,omitzero"`

	Invite *inviteMemory  `json:"invite,omitempty"` // ours, without final response
	Acked  uint32         `json:"acked,omitempty"`  // CSeq of our last INVITE that was answered 2xx
	Theirs []serverMemory `json:"theirs,omitempty"` // unanswered, or the answer unacknowledged

	Referred      uint32         `json:"referred,omitempty"` // CSeq of the peer's last REFER that was accepted
	Subscriptions []subscription `json:"subscriptions,omitempty"`
}

type inviteMemory struct {
	Text      string `json:"text"`
	To        Hop    `json:"to"`
	Initial   bool   `json:"initial,omitempty"`
	Rang      bool   `json:"rang,omitempty"`
	Cancelled bool   `json:"cancelled,omitempty"`
	Begun     uint32 `json:"begun,omitempty"` // its CSeq before it was challenged
}

type serverMemory struct {
	Text     string  `json:"text"`
	To       Hop     `json:"to"`
	Initial  bool    `json:"initial,omitempty"`
	State    txState `json:"state"`
	Kind     Kind    `json:"kind,omitempty"`     // of Response
	Response string  `json:"response,omitempty"` // the last above 100
}

// Memory is the data that Restore needs, as JSON. It changes exactly when something
// happened that a successor must know.
func (d *Dialog) Memory() []byte {
	m := memory{
		Version: memoryVersion, CallID: d.id.CallID, Tag: d.id.Tag, Seed: d.id.Seed,
		Caller: d.caller, Self: d.self.String(), Other: d.other.String(),
		Peer: d.peer, Early: d.early, Stage: d.stage, HangUp: d.hangUp, Reason: d.reason,
		CSeq: uint32(d.epoch)<<16 | d.spare, Heard: d.heeded, Acked: d.acked,
		Challenges: d.challenges, Session: d.session.agreed(), Shown: d.shown.written(), Referred: d.took, Subscriptions: d.subscriptions,
	}
	m.Peer.Source = d.peer.fallback(d.local)
	if d.stage == idle {
		for _, h := range d.headers {
			m.Headers = append(m.Headers, [2]string{h.Name(), h.Value()})
		}
	}
	for _, tx := range d.invites {
		if tx.pending() {
			m.Invite = &inviteMemory{unanswered(tx.request).String(), tx.to, tx.initial, tx.state == txProceeding, tx.cancelled, 0}
			if tx.begun != tx.request.CSeq().SeqNo {
				m.Invite.Begun = tx.begun
			}
		}
	}
	m.BYE = d.byeDue || slices.ContainsFunc(d.requests, func(tx requestTx) bool {
		return tx.pending() && tx.request.Method == sip.BYE && tagOf(tx.request.To().Params) == d.peer.Tag
	})
	for _, tx := range d.servers {
		if !tx.openInvite() && !(tx.unacknowledged() && Kinds[tx.kind] != Exempt) {
			continue
		}
		s := serverMemory{Text: unanswered(tx.request).String(), To: tx.to, Initial: tx.initial, State: tx.state}
		if tx.response != nil && tx.response.StatusCode > 100 {
			s.Kind, s.Response = tx.kind, tx.response.String()
		}
		m.Theirs = append(m.Theirs, s)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // plain values only
	}
	return text
}

// fallback is the part of Source that matters: the address requests go to
// when the peer's URI names none, or none that leads to it.
func (p peer) fallback(local Local) Hop {
	if named := p.namedHop(local); local.Proxy.IsValid() || named.IsValid() && p.nextHop(local) == named {
		return Hop{}
	}
	return p.Source
}

// Restore rebuilds a dialog from its Memory, in a new epoch. A dialog that had a greater
// one before gets a greater one now, so its CSeq numbers never sink: its leg has come from
// a contact that had more owners. Call Resume next.
func Restore(local Local, epoch uint16, text []byte) (*Dialog, error) {
	var m memory
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("reading a dialog's memory: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if before := uint16(m.CSeq >> 16); before > epoch {
		epoch = before + 1
	}
	d := &Dialog{
		local: local, id: Identity{CallID: m.CallID, Tag: m.Tag, Seed: m.Seed}, epoch: epoch, caller: m.Caller,
		peer: m.Peer, early: m.Early, heard: m.Heard, heeded: m.Heard, acked: m.Acked, challenges: m.Challenges, session: m.Session, shown: m.Shown,
		stage: m.Stage, hangUp: m.HangUp, reason: m.Reason, byeDue: m.BYE,
		transfers: transfers{took: m.Referred, subscriptions: m.Subscriptions},
	}
	if d.spare = spared; m.CSeq>>16 == uint32(epoch) {
		d.sent = m.CSeq & 0xffff
		d.spare = d.sent
	}
	if !m.Caller { // of an INVITE that was acknowledged, nothing more is known
		d.id.begun = invitation{txKey{cseq: uint32(m.Heard)}, m.Peer.Tag}
	}
	var err error
	if d.self, err = parseNameAddr(m.Self); err != nil {
		return nil, fmt.Errorf("reading our own address in a dialog's memory: %w", err)
	}
	if d.other, err = parseNameAddr(m.Other); err != nil {
		return nil, fmt.Errorf("reading the peer's address in a dialog's memory: %w", err)
	}
	for _, h := range m.Headers {
		d.headers = append(d.headers, sip.NewHeader(h[0], h[1]))
	}
	if err := errors.Join(d.restoreInvite(m.Invite), d.restoreServers(m.Theirs)); err != nil {
		return nil, err
	}
	ours := len(d.invites) == 1 && d.invites[0].initial
	theirs := slices.ContainsFunc(d.servers, serverTx.openInvite)
	if ours != (d.stage == calling) || d.stage == invited && !theirs {
		return nil, fmt.Errorf("a dialog's memory is %s without the INVITE that makes it so", d.stage)
	}
	return d, nil
}

// check returns the part of a memory that no dialog can have written.
func (m memory) check() error {
	if m.Version != memoryVersion {
		return fmt.Errorf("a dialog's memory has version %d, this is version %d", m.Version, memoryVersion)
	}
	if !slices.Contains([]stage{idle, calling, invited, established, over}, m.Stage) {
		return fmt.Errorf("a dialog's memory has the stage %q", m.Stage)
	}
	if m.Session.Interval < 0 || m.Session.Least < 0 {
		return fmt.Errorf("a dialog's memory has a session interval of %ds, at least %ds", m.Session.Interval, m.Session.Least)
	}
	for _, c := range m.Challenges {
		if c.rank() < 0 {
			return fmt.Errorf("a dialog's memory has a challenge with the algorithm %q", c.Algorithm)
		}
	}
	return nil
}

func (d *Dialog) restoreInvite(m *inviteMemory) error {
	if m == nil {
		return nil
	}
	req, err := readINVITE(m.Text)
	if err != nil {
		return fmt.Errorf("reading our INVITE in a dialog's memory: %w", err)
	}
	d.answerIn(req, m.To)
	before := sending{pace: d.local.pace(), request: req, to: m.To, begun: m.Begun}
	if m.Begun == 0 {
		before.begun = req.CSeq().SeqNo
	}
	tx := inviteTx{sending: before, initial: m.Initial, cancelled: m.Cancelled, state: txCalling}
	if m.Rang {
		tx.state = txProceeding
	}
	d.invites = []inviteTx{tx}
	return nil
}

func (d *Dialog) restoreServers(list []serverMemory) error {
	for _, m := range list {
		req, err := readINVITE(m.Text)
		if err != nil {
			return fmt.Errorf("reading the peer's INVITE in a dialog's memory: %w", err)
		}
		tx := serverTx{pace: d.local.pace(), request: req, to: m.To, initial: m.Initial, state: m.State, kind: m.Kind}
		if !tx.openInvite() && !tx.unacknowledged() || tx.unacknowledged() && m.Response == "" {
			return fmt.Errorf("a dialog's memory has an INVITE %s without its response", m.State)
		}
		if m.Response != "" {
			if tx.response, err = readResponse(m.Response); err != nil {
				return fmt.Errorf("reading our response in a dialog's memory: %w", err)
			}
		}
		d.servers = append(d.servers, tx)
		if tx.initial {
			d.id.begun = invitation{keyOf(req), tagOf(req.From().Params)}
		}
	}
	return nil
}

func readINVITE(text string) (*sip.Request, error) {
	msg, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	req, ok := msg.(*sip.Request)
	if !ok || req.Method != sip.INVITE {
		return nil, errors.New("no INVITE")
	}
	return req, Check(Received{SIP: req})
}

// writable reports whether a message can be written down and read again: the parser
// accepts messages that it cannot write.
func writable(msg sip.Message) error {
	again, err := Parse([]byte(msg.String()))
	if err != nil {
		return err
	}
	return Check(Received{SIP: again})
}

func readResponse(text string) (*sip.Response, error) {
	msg, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	res, ok := msg.(*sip.Response)
	if !ok {
		return nil, errors.New("no response")
	}
	return res, nil
}

// resume starts the timers again, and repeats messages that may not have been sent.
func (t *step) resume() {
	for i, tx := range t.servers {
		t.resumeServer(i, tx)
	}
	for i, tx := range t.invites {
		t.resumeInvite(i, tx)
	}
	t.session.begin(t.now)
	if t.acked != 0 {
		t.acknowledge(AgainACK, t.acked, t.peer)
	}
	t.resumeSubscriptions()
	if t.byeDue || t.hangUp && t.stage == established && !t.awaitsFirstACK() {
		t.byeDue = false
		t.bye()
	}
}

func (t *step) resumeServer(i int, tx serverTx) {
	if tx.response == nil {
		t.reply(i, Trying, sip.StatusTrying, "Trying", nil)
	} else {
		t.send(Retransmission, tx.to, tx.response)
		t.servers[i] = tx.respond(t.now, tx.kind, tx.response)
	}
	if tx.initial {
		t.servers[i] = t.servers[i].expiring(t.now)
	}
	if tx.openInvite() && !tx.initial {
		t.emit(Invited{SDP: sdpOf(tx.request)})
	}
}

func (t *step) resumeInvite(i int, tx inviteTx) {
	switch {
	case !tx.pending(): // only a dialog that was not restored has it
	case !tx.initial:
		// Its answer may have come while no server listened; the user will ask again, with
		// a CSeq of this epoch.
		t.invites[i] = tx.ended()
		t.acked = tx.request.CSeq().SeqNo
	case t.hangUp:
		t.cancel(i)
	case tx.state == txProceeding:
	default:
		t.send(Retransmission, tx.to, tx.request)
		t.invites[i] = newInviteTx(tx.pace, t.now, tx.request, tx.to, true)
		t.invites[i].begun = tx.begun
	}
}
