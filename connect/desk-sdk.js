// This file lets the engine read and change calls by the clients of the Amazon Connect
// SDK. They answer later and report changes one by one, so the desk keeps what it has
// read, and reads a contact again after each event, after each answer, and from time to
// time, because an event may be lost.

import { endpointOf, partyOf, stateOf, targetOf, textOf } from "./desk.js";

const readAgain = 2_000;

// sdkDesk returns the desk of a page on the SDK. clients are its ContactClient,
// VoiceClient and AgentClient; clock is for tests.
export const sdkDesk = (clients, provider, clock) => new SDKDesk(clients, provider, clock);

class SDKDesk {
  #contact;
  #voice;
  #agent;
  #provider;
  #clock;
  #snapshots = new Map(); // contactId -> snapshot, null once it is removed
  #endpoints = new Map(); // participantId -> the dialled endpoint
  #acw = new Set(); // contactIds in after-call work
  #missing = new Set(); // contactIds that the last list did not have; a list may be older than an event
  #reading = new Map(); // contactId -> { again, done }
  #listeners = new Set();
  #stopped = false;

  constructor({ contact, voice, agent }, provider, clock = globalThis) {
    this.#contact = contact;
    this.#voice = voice;
    this.#agent = agent;
    this.#provider = provider;
    this.#clock = clock;
  }

  // agent resolves once the agent is logged in and the contacts have been read. A request
  // that waits for the login too long is rejected by the SDK, so it is repeated.
  async agent() {
    while (!this.#stopped) {
      try {
        const name = await this.#agent.getARN();
        await this.#list();
        return name;
      } catch {
        await new Promise((resolve) => this.#clock.setTimeout(resolve, readAgain));
      }
    }
    return new Promise(() => {});
  }

  provider() {
    return this.#provider;
  }

  contacts() {
    return [...this.#snapshots].flatMap(([contactId, snapshot]) => (snapshot ? [contactId] : []));
  }

  // contact returns the snapshot that was read last, null if the contact was removed, and
  // undefined if it has not been read.
  contact(contactId) {
    return this.#snapshots.get(contactId);
  }

  onChange(listener) {
    this.#listeners.add(listener);
    const changed = async ({ contactId, participant }) => this.#concerned(contactId ?? participant?.contactId);
    const ending = async ({ contactId }) => {
      this.#acw.add(contactId);
      this.#concerned(contactId);
    };
    const removed = async ({ contactId }) => this.#removed(contactId);
    const { events, last, gone } = this.#topics();
    for (const [client, name] of events) client[`on${name}`](changed);
    for (const [client, name] of last) client[`on${name}`](ending);
    for (const [client, name] of gone) client[`on${name}`](removed);
    const timer = this.#again();
    return () => {
      this.#listeners.delete(listener);
      this.#stopped = true;
      timer.stop();
      for (const [client, name] of events) client[`off${name}`](changed);
      for (const [client, name] of last) client[`off${name}`](ending);
      for (const [client, name] of gone) client[`off${name}`](removed);
    };
  }

  hold(contactId, id) {
    return this.#do(contactId, () => this.#voice.holdParticipant(id));
  }

  resume(contactId, id) {
    return this.#do(contactId, () => this.#voice.resumeParticipant(id));
  }

  conference(contactId) {
    return this.#do(contactId, () => this.#voice.conferenceParticipants(contactId));
  }

  drop(contactId, id) {
    const isAgent = this.#snapshots.get(contactId)?.connections.find((one) => one.id === id)?.party === "agent";
    return this.#do(contactId, () => (isAgent ? this.#contact.disconnectSelf(contactId) : this.#contact.disconnectParticipant(id)));
  }

  add(contactId, to) {
    const endpoint = endpointOf(to);
    return this.#do(contactId, async () => {
      const { participantId } = (await this.#contact.addParticipant(contactId, endpoint)) ?? {};
      if (participantId) this.#endpoints.set(participantId, endpoint);
    });
  }

  async endpoints() {
    const queues = await this.#agent.getRoutingProfileQueues().catch(() => []);
    const { quickConnects } = await this.#agent.listQuickConnects(queues.map(({ queueARN }) => queueARN));
    return quickConnects;
  }

  async #do(contactId, call) {
    try {
      await call();
    } catch (error) {
      throw new Error(textOf(error));
    } finally {
      this.#read(contactId);
    }
  }

  #topics() {
    const [contact, voice] = [this.#contact, this.#voice];
    return {
      events: [
        [contact, "Incoming"],
        [contact, "Connecting"],
        [contact, "Connected"],
        [contact, "ParticipantAdded"],
        [contact, "ParticipantDisconnected"],
        [contact, "ParticipantStateChanged"],
        [voice, "ParticipantHold"],
        [voice, "ParticipantResume"],
        [voice, "SelfHold"],
        [voice, "SelfResume"],
      ],
      last: [
        [contact, "StartingAcw"],
        [contact, "Missed"],
      ],
      gone: [
        [contact, "Cleared"],
        [contact, "Destroyed"],
      ],
    };
  }

  // #again reads everything from time to time.
  #again() {
    let timer;
    let stopped = false;
    const next = () => {
      if (!stopped) timer = this.#clock.setTimeout(() => this.#list().then(next, next), readAgain);
    };
    next();
    return {
      stop: () => {
        stopped = true;
        this.#clock.clearTimeout(timer);
      },
    };
  }

  async #list() {
    const listed = (await this.#contact.listContacts()).filter(({ type }) => type === "voice" || type === "queue_callback");
    const present = new Set(listed.map(({ contactId }) => contactId));
    for (const contactId of this.contacts()) {
      if (present.has(contactId)) this.#missing.delete(contactId);
      else if (this.#missing.has(contactId)) this.#removed(contactId);
      else this.#missing.add(contactId);
    }
    await Promise.all([...present].map((contactId) => this.#read(contactId)));
  }

  // #concerned takes an event of a contact. Only the list shows whether a new one is a call.
  #concerned(contactId) {
    if (this.#snapshots.has(contactId)) this.#read(contactId);
    else this.#list().catch(() => {}); // the next round lists again
  }

  // #read reads a contact, and once more if it may have changed since that began.
  #read(contactId) {
    const running = this.#reading.get(contactId);
    if (running) {
      running.again = true;
      return running.done;
    }
    const reading = { again: false };
    this.#reading.set(contactId, reading);
    reading.done = (async () => {
      do {
        reading.again = false;
        await this.#readOnce(contactId);
      } while (reading.again);
      this.#reading.delete(contactId);
    })();
    return reading.done;
  }

  async #readOnce(contactId) {
    const before = this.#snapshots.get(contactId);
    try {
      const participants = await this.#contact.listParticipants(contactId);
      const connections = (await Promise.all(participants.map((one) => this.#connection(one)))).flat();
      if (before !== null && this.#snapshots.get(contactId) === null) return; // removed while it was read
      this.#set(contactId, { contactId, ended: this.#acw.has(contactId), connections });
    } catch {
      // The next event or the next round reads it again; only those remove it.
    }
  }

  async #connection({ participantId, type, isInitial, isSelf }) {
    if (type.value === "monitoring") return [];
    const party = isSelf ? "agent" : partyOf(type.value === "agent" ? "outbound" : type.value, isInitial);
    const state = await this.#contact.getParticipantState(participantId);
    const read = { id: participantId, party, state: stateOf(state.value) };
    if (state.value === "rejected") read.reason = "declined";
    if (party === "target") read.target = targetOf(this.#endpoints.get(participantId));
    return [read];
  }

  #removed(contactId) {
    this.#acw.delete(contactId);
    this.#missing.delete(contactId);
    if (this.#snapshots.get(contactId) === null) return;
    for (const { id } of this.#snapshots.get(contactId)?.connections ?? []) this.#endpoints.delete(id);
    this.#set(contactId, null);
    const removed = [...this.#snapshots].filter(([, snapshot]) => !snapshot);
    for (const [old] of removed.slice(0, -20)) this.#snapshots.delete(old);
  }

  #set(contactId, snapshot) {
    this.#snapshots.set(contactId, snapshot);
    for (const listener of [...this.#listeners]) listener();
  }
}
