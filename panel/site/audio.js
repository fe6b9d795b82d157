// The agent's audio: one microphone, and a WebRTC session with the server for each
// call. Each session is one offer and one answer.

import { constraints, remembered } from "./devices.js";
import { microphoneTrouble } from "./words.js";

const renewAfter = 3_000; // age of a session after which "away" means that it is lost
const longestPause = 8_000;

export class Audio {
  #sessions = new Map(); // contactId -> { peer, track, number, opened }
  #accepted = new Set(); // contacts that this window is picking up
  #needed = new Set();
  #pauses = new Map(); // contactId -> how long to wait before the next try
  #stream = null;
  #number = 0;
  #here = false;
  #unmuted = new Set(); // contacts in which the agent is not muted
  #element;
  #on;

  // on has: send(message), and trouble(text, type), with null when it is over.
  constructor(element, on) {
    this.#element = element;
    this.#on = on;
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
  async microphone() {
    if (this.#stream?.getAudioTracks().some((t) => t.readyState === "live")) return this.#stream;
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia(constraints());
    } catch (error) {
      this.#on.trouble(microphoneTrouble(error), "microphone_not_shared");
      return null;
    }
    for (const track of this.#stream.getAudioTracks()) {
      track.onended = () => this.#on.trouble("The microphone has been disconnected.", "microphone_not_shared");
    }
    this.#on.trouble(null);
    return this.#stream;
  }

  // useMicrophone changes to the microphone that the agent has chosen.
  async useMicrophone() {
    const old = this.#stream;
    this.#stream = null;
    if (!old) return;
    const stream = await this.microphone();
    if (!stream) return void (this.#stream = old);
    for (const [id, session] of this.#sessions) {
      if (!session.track) continue; // it takes the new one
      session.track.stop();
      session.track = this.#trackFor(id, stream);
      for (const sender of session.peer.getSenders()) await sender.replaceTrack(session.track);
    }
    for (const track of old.getTracks()) track.stop();
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
      await session.peer.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      this.#on.trouble(`There is no audio: ${error.message}.`, "webrtc_error");
      this.#retry(contactId);
    }
  }

  async #open(contactId) {
    const session = { peer: null, track: null, number: ++this.#number, opened: Date.now() };
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
        this.#pauses.delete(contactId);
        this.#on.trouble(null);
        break;
      case "failed":
        this.#on.trouble("The audio is lost. Connecting again…", "realtime_communication_error");
        this.#retry(contactId);
        break;
    }
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
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = null;
  }
}
