package sipua

import (
	"fmt"
	"slices"

	"github.com/emiago/sipgo/sip"
)

// maxServers bounds the answers kept for repeated requests.
const maxServers = 64

// begin takes the INVITE that makes this dialog, or refuses it. Until it is
// taken the dialog is over.
func (t *step) begin(m Received) {
	req, to := stamped(m)
	i := t.open(req, to, true)
	switch problem := t.unacceptable(req); {
	case tagOf(req.To().Params) != "":
		t.reply(i, ErrorResponse, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", nil)
	case !slices.Contains(schemes, req.Recipient.Scheme):
		t.reply(i, ErrorResponse, 416, "Unsupported URI Scheme", nil)
	case problem != nil:
		problem(i)
	case t.peer.Target == "":
		t.reply(i, ErrorResponse, sip.StatusBadRequest, "Contact: missing", nil)
	default:
		t.stage, t.heard = invited, int64(req.CSeq().SeqNo)
		t.heeded = t.heard
		t.servers[i] = t.servers[i].tryLater(t.now).expiring(t.now)
		t.emit(Invited{SDP: sdpOf(req), Initial: true})
	}
}

// open adds the server transaction of req and returns its place.
func (t *step) open(req *sip.Request, to Hop, initial bool) int {
	if len(t.servers) >= maxServers {
		settled := func(tx serverTx) bool { return tx.state == txConfirmed || tx.kind == ErrorResponse }
		if i := slices.IndexFunc(t.servers, settled); i >= 0 {
			t.servers = slices.Delete(t.servers, i, i+1)
		}
	}
	t.servers = append(t.servers, serverTx{pace: t.local.pace(), request: req, to: to, initial: initial, state: txProceeding})
	return len(t.servers) - 1
}

// reply sends a response in the server transaction at i.
func (t *step) reply(i int, kind Kind, status int, reason string, sdp []byte, headers ...sip.Header) {
	tx := t.servers[i]
	res := respond(tx.request, t.id.Tag, status, reason, headers...)
	if t.local.UserAgent != "" && status > 100 {
		res.AppendHeader(sip.NewHeader("Server", t.local.UserAgent))
	}
	setBody(res, sdp)
	t.send(kind, tx.to, res)
	t.servers[i] = tx.respond(t.now, kind, res)
}

// contactFor is our Contact for the sender of the request at i.
func (t *step) contactFor(i int) sip.Header { return t.local.contact(t.servers[i].to.Transport) }

// unacceptable is the refusal of a request for something we do not support, or nil.
func (t *step) unacceptable(req *sip.Request) func(i int) {
	refuse := func(status int, reason string, headers ...sip.Header) func(int) {
		return func(i int) { t.reply(i, ErrorResponse, status, reason, nil, headers...) }
	}
	invite := req.Method == sip.INVITE
	switch {
	case invite && writable(req) != nil:
		return refuse(sip.StatusBadRequest, "Bad Request")
	case len(unsupported(req)) > 0:
		return refuse(sip.StatusBadExtension, "Bad Extension", unsupported(req)...)
	case (invite || req.Method == sip.UPDATE) && t.tooBrief(req):
		return refuse(statusTooBrief, "Session Interval Too Small", t.local.minSE())
	case invite && !takesSDP(req):
		return refuse(sip.StatusNotAcceptable, "Not Acceptable")
	case encoded(req):
		return refuse(sip.StatusUnsupportedMediaType, "Unsupported Media Type", sip.NewHeader("Accept-Encoding", "identity"))
	case invite && len(req.Body()) > 0 && sdpOf(req) == nil && !optional(req):
		return refuse(sip.StatusUnsupportedMediaType, "Unsupported Media Type", sip.NewHeader("Accept", accepted))
	}
	return nil
}

// serve takes a request of this dialog.
func (t *step) serve(m Received) {
	req, to := stamped(m)
	key := keyOf(req)
	same := slices.IndexFunc(t.servers, func(tx serverTx) bool { return keyOf(tx.request) == key })
	switch {
	case req.Method == sip.ACK:
		t.takeACK(req)
	case req.Method == sip.CANCEL:
		t.takeCANCEL(req, to, same)
	case same >= 0:
		t.serveAgain(same)
	default:
		t.inDialog(m, req, t.open(req, to, false))
	}
}

// serveAgain takes a repetition: it gets the response again that the first
// has had; an INVITE whose ACK has come is absorbed (RFC 6026 §7.1).
func (t *step) serveAgain(i int) {
	tx := t.servers[i]
	absorbed := tx.request.Method == sip.INVITE && tx.state == txConfirmed
	if tx.response != nil && !absorbed {
		t.send(Retransmission, tx.to, tx.response)
	}
}

// inDialog takes a request that is not a repetition.
func (t *step) inDialog(m Received, req *sip.Request, i int) {
	cseq := int64(req.CSeq().SeqNo)
	problem := t.unacceptable(req)
	switch {
	case req.Method == sip.INVITE && tagOf(req.To().Params) == "":
		t.reply(i, ErrorResponse, sip.StatusLoopDetected, "Loop Detected", nil) // merged (§8.2.2.2), or our own come back
	case !t.ours(req):
		t.reply(i, ErrorResponse, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", nil)
	case cseq < t.heard:
		t.reply(i, ErrorResponse, sip.StatusInternalServerError, "CSeq is too low", nil)
	case cseq == t.heard:
		t.repeated(req, i)
	default:
		t.heard = cseq
		if problem != nil {
			problem(i)
			return
		}
		t.peer.Source = hopOf(m)
		t.do(m, req, i)
	}
}

// ours reports whether a request is inside this dialog. A dialog that we began may
// not know the peer's tag yet: the peer's BYE may overtake its answer.
func (t *step) ours(req *sip.Request) bool {
	if tagOf(req.To().Params) != t.id.Tag {
		return false
	}
	return t.stage == calling || tagOf(req.From().Params) == t.peer.Tag
}

// repeated is a request whose CSeq we have had, but whose transaction is
// forgotten, as after a restart. It is answered again and nothing is done. An
// INVITE whose sender still waits for us must be tried again; one that has
// had its answer does not hear this one. A REFER that was not accepted may have had
// no answer.
func (t *step) repeated(req *sip.Request, i int) {
	switch {
	case req.Method == sip.REFER && req.CSeq().SeqNo == t.took:
		t.reply(i, OK, sip.StatusAccepted, "Accepted", nil, t.contactFor(i))
	case req.Method == sip.INVITE, req.Method == sip.REFER:
		t.reply(i, ErrorResponse, sip.StatusInternalServerError, "Try again", nil, sip.NewHeader("Retry-After", "0"))
	default:
		t.reply(i, OK, sip.StatusOK, "OK", nil)
	}
}

func (t *step) do(m Received, req *sip.Request, i int) {
	usage := req.Method != sip.SUBSCRIBE && req.Method != sip.NOTIFY // of the INVITE
	if t.stage == over && usage && req.Method != sip.BYE {
		t.reply(i, ErrorResponse, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", nil)
		return
	}
	switch req.Method {
	case sip.INVITE:
		t.reinvited(req, i)
	case sip.BYE:
		t.takeBYE(req, i)
	case sip.OPTIONS:
		t.reply(i, OK, sip.StatusOK, "OK", nil, capabilities()...)
	case sip.INFO:
		t.heeded = t.heard // the key is not pressed again
		t.reply(i, OK, sip.StatusOK, "OK", nil)
		t.emit(Info{ContentType: contentType(req), Body: req.Body()})
	case sip.UPDATE:
		t.updated(m, req, i)
	case sip.REFER:
		t.referred(req, i)
	case sip.SUBSCRIBE:
		t.subscribe(req, i)
	case sip.NOTIFY:
		t.takeNOTIFY(req, i)
	default:
		t.reply(i, ErrorResponse, sip.StatusMethodNotAllowed, "Method Not Allowed", nil, sip.NewHeader("Allow", allowed))
	}
}

// reinvited takes a re-INVITE, unless another INVITE is in its way (RFC 3261 §14.2).
func (t *step) reinvited(req *sip.Request, i int) {
	switch {
	case t.ourInvite():
		t.reply(i, ErrorResponse, sip.StatusRequestPending, "Request Pending", nil)
	case slices.ContainsFunc(t.servers[:i], serverTx.openInvite):
		after := sip.NewHeader("Retry-After", fmt.Sprint(int(t.chance("after", req.CSeq().SeqNo)*10)))
		t.reply(i, ErrorResponse, sip.StatusInternalServerError, "An INVITE is unanswered", nil, after)
	case t.theirInviteBefore(i):
		t.reply(i, ErrorResponse, sip.StatusRequestPending, "ACK is missing", nil)
	default:
		t.servers[i] = t.servers[i].tryLater(t.now)
		t.emit(Invited{SDP: sdpOf(req)})
	}
}

// theirInvite reports whether an INVITE of the peer is unanswered, or our 2xx to it
// unacknowledged.
func (t *step) theirInvite() bool { return t.theirInviteBefore(len(t.servers)) }

func (t *step) theirInviteBefore(i int) bool {
	return slices.ContainsFunc(t.servers[:i], func(tx serverTx) bool {
		return tx.openInvite() || tx.state == txAccepted
	})
}

// updated takes an UPDATE (RFC 3311). It may refresh the target; an offer in
// it is not taken, the peer can use a re-INVITE.
func (t *step) updated(m Received, req *sip.Request, i int) {
	if len(req.Body()) > 0 {
		t.reply(i, ErrorResponse, sip.StatusNotAcceptableHere, "Offer by re-INVITE", nil)
		return
	}
	kind, next := RefreshAnswer, t.peer.refresh(req, hopOf(m))
	session, changed := t.answerSession(req)
	if next.Target != t.peer.Target || changed {
		kind = ReAnswer
	}
	t.peer = next
	t.reply(i, kind, sip.StatusOK, "OK", nil, append(session, t.contactFor(i))...)
}

// takeBYE takes the peer's BYE, in whatever stage we are.
func (t *step) takeBYE(req *sip.Request, i int) {
	t.reply(i, OK, sip.StatusOK, "OK", nil)
	text := "BYE"
	if h := req.GetHeader("Reason"); h != nil {
		text += ": " + h.Value()
	}
	switch t.stage {
	case invited:
		t.finish()
		t.emit(Cancelled{})
	case established:
		t.finish()
		if !t.hangUp {
			t.emit(Ended{Text: text})
		}
	case calling:
		// It overtook the answer, which is still to be acknowledged.
		for j, tx := range t.invites {
			if tx.initial {
				t.abandon(j, "ended by the peer before its answer came")
				t.end()
			}
		}
	case idle, over:
	}
}

// takeACK takes an ACK: of a 2xx in a transaction of its own, of another
// response in that of the INVITE.
func (t *step) takeACK(req *sip.Request) {
	for i, tx := range t.servers {
		if !tx.unacknowledged() || tx.request.CSeq().SeqNo != req.CSeq().SeqNo || tagOf(req.To().Params) != t.id.Tag {
			continue
		}
		t.servers[i] = tx.acknowledged(t.now)
		if tx.state != txAccepted {
			continue
		}
		if t.hangUp {
			t.bye()
			return
		}
		t.emit(Confirmed{SDP: sdpOf(req)})
		t.inviteWaiting()
	}
}

// takeCANCEL takes a CANCEL, which ends an INVITE only before its answer.
func (t *step) takeCANCEL(req *sip.Request, to Hop, same int) {
	status, reason, kind := sip.StatusOK, "OK", OK
	if same < 0 {
		status, reason, kind = sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", ErrorResponse
	}
	res := respond(req, t.id.Tag, status, reason)
	res.SetBody(nil)
	t.send(kind, to, res)
	if same >= 0 && t.servers[same].openInvite() {
		t.terminate(same)
	}
}

// terminate ends an INVITE of the peer that they do not want answered any more.
func (t *step) terminate(i int) {
	t.reply(i, Terminated, sip.StatusRequestTerminated, "Request Terminated", nil)
	if t.servers[i].initial && t.stage == invited {
		t.stage = over
		t.emit(Cancelled{})
	}
	t.inviteWaiting()
}

// pendingInvite is the place of the peer's INVITE that waits for us, or -1.
func (t *step) pendingInvite() int { return slices.IndexFunc(t.servers, serverTx.openInvite) }

func (t *step) ring(status int, reason string, sdp []byte) {
	if i := t.pendingInvite(); i >= 0 && t.stage == invited {
		t.reply(i, Ringing, status, reason, sdp, t.contactFor(i))
	}
}

func (t *step) accept(sdp []byte, unchanged bool) {
	i := t.pendingInvite()
	if i < 0 {
		return
	}
	tx := t.servers[i]
	next := t.peer.refresh(tx.request, t.peer.Source)
	session, changed := t.answerSession(tx.request)
	kind := ReAnswer
	switch {
	case tx.initial:
		kind, t.stage = FirstAnswer, established
	case unchanged && !changed && next.Target == t.peer.Target:
		kind = RefreshAnswer
	}
	t.peer = next
	headers := append(capabilities(), t.contactFor(i))
	t.reply(i, kind, sip.StatusOK, "OK", sdp, append(headers, session...)...)
}

func (t *step) reject(status int, reason string, headers ...sip.Header) {
	i := t.pendingInvite()
	if i < 0 {
		return
	}
	kind := ReinviteRejected
	if t.servers[i].initial {
		kind, t.stage = InviteRejected, over
	}
	t.reply(i, kind, status, reason, nil, headers...)
	t.inviteWaiting()
}

// refusePending refuses the peer's INVITE that waits for us, if one does.
func (t *step) refusePending(kind Kind, status int, reason string, headers ...sip.Header) {
	if i := t.pendingInvite(); i >= 0 {
		t.reply(i, kind, status, reason, nil, headers...)
	}
}

// awaitsFirstACK reports whether the peer's ACK for our first answer is still to
// come.
func (t *step) awaitsFirstACK() bool {
	return slices.ContainsFunc(t.servers, func(tx serverTx) bool {
		return tx.initial && tx.state == txAccepted
	})
}
