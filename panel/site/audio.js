// The agent's audio: one microphone, and a WebRTC session with the server for each
// call. Each session is one offer and one answer.

import { remembered } from "./devices.js";
import { Microphone } from "./microphone.js";
import { pathTrouble } from "./words.js";

const renewAfter = 3_000; // age of a session after which "away" means that it is lost
const longestPause = 8_000;
const pathWithin = 6_000; // from the server's answer to the first packet

export class Audio {
  #sessions = new Map(); // contactId -> { peer, track, number, opened, answer, worked }
  #accepted = new Set(); // contacts that this window is picking up
  #needed = new Set();
  #pauses = new Map(); // contactId -> how long to wait before the next try
  #number = 0;
  #here = false;
  #unmuted = new Set(); // contacts in which the agent is not muted
  #microphone;
  #element;
  #on;

  // on has: send(message), notice(text), and trouble(text, type), with null when it is
  // over.
  constructor(element, on) {
    this.#element = element;
    this.#on = on;
    this.#microphone = new Microphone({
      changed: (stream) => void this.#changeTracks(stream),
      notice: (text) => on.notice(text),
      trouble: (text, type) => on.trouble(text, type),
    });
    this.useSpeaker();
  }

  get here() {
    return this.#here;
  }

  // follow opens and closes sessions so that exactly the calls that need one have
  // one.
  follow(view, here) {
    this.#here = here;
    const needed = new Set();
    this.#unmuted = new Set(view.contacts.filter((c) => !c.you.muted).map((c) => c.id));
    for (const c of view.contacts) {
      if (["ended", "missed", "rejected"].includes(c.phase)) continue;
      if (c.phase !== "ringing") this.#accepted.delete(c.id);
      if (c.phase !== "ringing" || this.#accepted.has(c.id)) needed.add(c.id);
    }
    this.#needed = here ? needed : new Set();
    for (const id of [...this.#accepted]) if (!view.contacts.some((c) => c.id === id)) this.#accepted.delete(id);
    for (const id of [...this.#sessions.keys()]) if (!this.#needed.has(id)) this.#close(id);
    for (const c of view.contacts) {
      const session = this.#sessions.get(c.id);
      if (c.phase === "away" && session && Date.now() - session.opened > renewAfter) this.#close(c.id);
      if (this.#needed.has(c.id) && !this.#sessions.has(c.id) && !this.#pauses.has(c.id)) this.#open(c.id);
    }
    for (const [id, { track }] of this.#sessions) if (track) track.enabled = this.#unmuted.has(id);
    if (this.#needed.size === 0) this.#release();
  }

  // accept prepares to pick up a call. It returns false without a microphone.
  async accept(contactId) {
    if (!(await this.microphone())) return false;
    this.#accepted.add(contactId);
    return true;
  }

  giveUp(contactId) {
    this.#accepted.delete(contactId);
    this.#close(contactId);
  }

  // renew opens a new session for every call, after a restart of the server.
  renew() {
    for (const id of [...this.#sessions.keys()]) this.#close(id);
    for (const id of this.#needed) this.#open(id);
  }

  // check opens the sessions anew that have failed, after the page was not connected.
  check() {
    for (const [id, { peer }] of [...this.#sessions]) {
      if (!peer || peer.connectionState === "connected" || peer.connectionState === "connecting") continue;
      this.#close(id);
      this.#open(id);
    }
  }

  // tryAgain retries at once, when the agent has fixed something.
  tryAgain() {
    this.#pauses.clear();
    if (this.#element.srcObject) this.#play();
    for (const id of this.#needed) if (!this.#sessions.has(id)) this.#open(id);
  }

  // microphone returns the agent's microphone, or null after reporting the trouble.
  microphone() {
    if (window.RTCPeerConnection) return this.#microphone.open();
    this.#on.trouble("This browser has no WebRTC, or it is turned off: it cannot make calls.", "unsupported_browser");
    return null;
  }

  // useMicrophone changes to the microphone that the agent has chosen.
  useMicrophone() {
    return this.#microphone.choose();
  }

  // #changeTracks has all calls use another microphone. Calls that lacked one begin.
  async #changeTracks(stream) {
    for (const [id, session] of this.#sessions) {
      if (!session.track) continue; // it takes the new one
      session.track.stop();
      session.track = this.#trackFor(id, stream);
      for (const sender of session.peer.getSenders()) await sender.replaceTrack(session.track);
    }
    this.tryAgain();
  }

  async useSpeaker() {
    try {
      await this.#element.setSinkId?.(remembered("speaker"));
    } catch {
      // it is not there any more; the system's choice plays
    }
  }

  // answer takes the server's answer to an offer.
  async answer({ contactId, offer, sdp, problem }) {
    const session = this.#sessions.get(contactId);
    if (!session || session.number !== offer) return; // there has been another since
    if (problem) {
      this.#on.trouble(`There is no audio: ${problem}.`, "signalling_handshake_failure");
      return this.#retry(contactId);
    }
    try {
      session.answer = sdp;
      await session.peer.setRemoteDescription({ type: "answer", sdp });
      setTimeout(() => this.#isLate(contactId, session), pathWithin);
    } catch (error) {
      this.#on.trouble(`There is no audio: ${error.message}.`, "webrtc_error");
      this.#retry(contactId);
    }
  }

  async #open(contactId) {
    const session = { peer: null, track: null, number: ++this.#number, opened: Date.now(), answer: "", worked: false };
    this.#sessions.set(contactId, session);
    const stream = await this.microphone();
    if (this.#sessions.get(contactId) !== session) {
      if (this.#needed.size === 0) this.#release();
      return;
    }
    if (!stream) {
      this.#sessions.delete(contactId);
      this.#pauses.set(contactId, longestPause); // until the agent asks for it
      return;
    }
    try {
      const peer = (session.peer = new RTCPeerConnection({ iceServers: [] }));
      session.track = this.#trackFor(contactId, stream);
      peer.addTrack(session.track, stream);
      peer.ontrack = ({ track }) => this.#play(track);
      peer.onconnectionstatechange = () => this.#changed(contactId, session);
      await peer.setLocalDescription(await peer.createOffer());
      if (this.#sessions.get(contactId) !== session) return;
      this.#on.send({ type: "offer", contactId, offer: session.number, sdp: peer.localDescription.sdp });
    } catch (error) {
      this.#on.trouble(`There is no audio: ${error.message}.`, "webrtc_error");
      if (this.#sessions.get(contactId) === session) this.#retry(contactId);
    }
  }

  // #trackFor returns the microphone for one session, so that the agent can be muted in
  // one call and not in another. It is muted before the session sends anything.
  #trackFor(contactId, stream) {
    const track = stream.getAudioTracks()[0].clone();
    track.enabled = this.#unmuted.has(contactId);
    return track;
  }

  #changed(contactId, session) {
    if (this.#sessions.get(contactId) !== session) return;
    switch (session.peer.connectionState) {
      case "connected":
        session.worked = true;
        this.#pauses.delete(contactId);
        if (!this.#microphone.isMissing) this.#on.trouble(null);
        break;
      case "failed":
        this.#on.trouble(...failure(session));
        this.#retry(contactId);
        break;
    }
  }

  // #isLate reports a path that has not been found, while the browser still tries.
  #isLate(contactId, session) {
    if (this.#sessions.get(contactId) !== session || session.peer.connectionState === "connected") return;
    this.#on.trouble(...failure(session));
  }

  // #retry opens another session after a pause that grows.
  #retry(contactId) {
    this.#close(contactId);
    const pause = Math.min(2 * (this.#pauses.get(contactId) ?? 250), longestPause);
    this.#pauses.set(contactId, pause);
    setTimeout(() => {
      if (this.#pauses.has(contactId) && this.#needed.has(contactId) && !this.#sessions.has(contactId)) this.#open(contactId);
    }, pause);
  }

  #play(track) {
    // All calls play in one element; only one of them is not on hold.
    const stream = this.#element.srcObject ?? new MediaStream();
    if (track) stream.addTrack(track);
    this.#element.srcObject = stream;
    this.#element.play().catch(() => this.#on.trouble("The browser does not let this page play audio. Click here to hear your call.", "other"));
  }

  #close(contactId) {
    const session = this.#sessions.get(contactId);
    this.#sessions.delete(contactId);
    if (!session?.peer) return;
    session.track?.stop();
    session.peer.onconnectionstatechange = null;
    for (const { receiver } of session.peer.getTransceivers()) this.#element.srcObject?.removeTrack(receiver.track);
    session.peer.close();
    if (this.#sessions.size === 0) this.#element.srcObject = null;
  }

  #release() {
    this.#pauses.clear();
    if (this.#accepted.size > 0) return;
    this.#microphone.release();
  }
}

// failure returns the fault of a session that is not connected, and its type.
function failure({ peer, answer, worked }) {
  if (worked) return ["The audio is lost. Connecting again…", "realtime_communication_error"];
  if (["connected", "completed"].includes(peer.iceConnectionState)) {
    return ["There is no audio: the browser and the server do not agree on its encryption (DTLS). A device in your network may change what they send.", "webrtc_error"];
  }
  return [pathTrouble(answer), "ice_collection_timeout"];
}
