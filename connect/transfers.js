import { Client } from "./client.js";
import { looksDialled } from "./desk.js";
import { TransferError } from "./errors.js";
import { holdLock } from "./locks.js";
import { Memory } from "./memory.js";
import { PageEngine } from "./page-engine.js";
import { findServer } from "./server.js";
import { customerOf, isWithAgent, milliseconds, serverTime } from "./view.js";

const serverWithin = 3_000; // for a Holdfast server to answer
const engineWithin = 60_000; // for the engine to be fetched and started
const endpointsWithin = 5_000; // for the library to list the quick connects

const texts = {
  starting: "Transfers are not ready yet: the engine is being loaded.",
  agent: "Transfers are not ready yet: the agent is not logged in.",
  elsewhere: "Transfers run in another tab of this browser. This tab takes over when that tab is closed.",
  closed: "This page has stopped its transfers.",
};

// Transfers runs the transfers of an agent in a page: by the engine behind the port, or
// by a Holdfast server behind the provider. attach.d.ts describes its members.
export class Transfers {
  #desk;
  #clock;
  #locks;
  #memory;
  #page; // the PageEngine
  #proxy; // of the engine that is used
  #status = "starting";
  #text = texts.agent;
  #engine;
  #notes = new Set();
  #states = new Map(); // contactId -> the state of its latest transfer
  #handlers = new Map(); // contactId -> the subscription
  #latest; // the contactId of the transfer that was reported last
  #listeners = new Set();
  #holds = false; // this tab may act
  #closing = new AbortController();
  #leading = new AbortController(); // aborted when another tab may act
  #readiness = Promise.withResolvers?.() ?? deferred();

  // port, clock, storage, locks and openChannel are those of the browser, or of a test.
  // provider() returns the SDK's provider, undefined if there is none.
  constructor({ desk, port, clock = browserClock, storage, locks, openChannel, provider, notes = [] }) {
    this.#desk = desk;
    this.#clock = clock;
    this.#locks = locks;
    notes.forEach((note) => this.#notes.add(note));
    this.#memory = new Memory({ storage, openChannel, clock, note: (text) => this.#note(text) });
    this.#page = new PageEngine({ desk, port, clock, memory: this.#memory, changed: () => this.#pageChanged() });
    this.#readiness.promise.catch(() => {}); // also a page that does not wait for it
    const stop = desk.onChange(() => this.#deskChanged());
    this.#closing.signal.addEventListener("abort", stop);
    void this.#begin(provider).catch((error) => this.#set("unavailable", String(error?.message ?? error)));
  }

  cold(to, options) {
    return this.#start("cold", to, options);
  }

  warm(to, options) {
    return this.#start("warm", to, options);
  }

  blind(to, options) {
    return this.#start("blind", to, options);
  }

  async get(contactId = this.#contactId()) {
    return contactId === undefined ? undefined : this.#client().get(contactId);
  }

  get ready() {
    return this.#readiness.promise;
  }

  get attempts() {
    return this.#states.get(this.#latest)?.attempts ?? [];
  }

  get state() {
    const contactId = this.#contactId();
    const transfer = this.#states.get(contactId);
    const view = this.#engine === "page" ? this.#page.view(contactId) : undefined;
    const snapshot = contactId === undefined ? undefined : this.#desk.contact(contactId);
    const isUnderWay = isGoingOn(transfer);
    return {
      status: this.#status,
      text: this.#text,
      engine: this.#engine,
      notes: [...this.#notes],
      contactId,
      transfer,
      customer: (isUnderWay && view?.customer) || customerOf(snapshot, transfer),
      stuck: view?.stuck ?? "",
      canConfirm: isUnderWay && (view?.confirm ?? false),
    };
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close() {
    this.#closing.abort();
    this.#leading.abort();
    this.#page.close();
    this.#memory.close();
    this.#unfollow();
    this.#set("unavailable", texts.closed);
  }

  async #begin(provider) {
    const agent = await this.#desk.agent();
    this.#set("starting", texts.starting);
    const server = await findServer(provider?.(), this.#clock, serverWithin);
    if (this.#closing.signal.aborted) return;
    if (server) {
      this.#page.close();
      this.#engine = "server";
      this.#proxy = server;
      return this.#set("ready", "");
    }
    this.#engine = "page";
    this.#proxy = this.#page;
    const late = () => this.#page.isReady || this.#set("unavailable", "The transfer engine could not be loaded in time.");
    const timer = this.#clock.setTimeout(late, engineWithin);
    this.#closing.signal.addEventListener("abort", () => this.#clock.clearTimeout(timer));
    const name = `holdfast.transfer:${agent}`;
    this.#memory.open(name);
    await this.#lock(name);
  }

  async #lock(name) {
    const granted = () => {
      this.#holds = true;
      if (!this.#page.isReady) this.#set("starting", texts.starting);
      this.#pageChanged();
    };
    const waits = () => {
      this.#holds = false;
      this.#page.end("other-tab", texts.elsewhere);
      this.#unfollow();
      this.#set("elsewhere", texts.elsewhere);
    };
    const { signal } = this.#leading;
    if (this.#locks && (await holdLock(this.#locks, name, { granted, waits, signal }))) return;
    this.#note("The browser has no locks for this page: do not transfer in two tabs at the same time.");
    granted();
  }

  #pageChanged() {
    if (this.#engine !== "page" || this.#closing.signal.aborted) return;
    if (this.#page.failure) {
      this.#leading.abort();
      return this.#set("unavailable", this.#page.failure);
    }
    if (this.#holds && this.#page.isReady && this.#status !== "ready") {
      this.#page.begin();
      return this.#set("ready", "");
    }
    this.#notify();
  }

  #deskChanged() {
    this.#page.look();
    this.#follow();
    this.#notify();
  }

  // #follow subscribes to the transfers of the contacts that the agent has now.
  #follow(...more) {
    if (this.#status !== "ready") return;
    const present = [...this.#desk.contacts(), ...more];
    for (const contactId of present) {
      if (this.#handlers.has(contactId)) continue;
      const handler = async (state) => this.#reported(contactId, state);
      this.#handlers.set(contactId, handler);
      this.#proxy.subscribe(topicOf(contactId), handler);
    }
    for (const [contactId, handler] of this.#handlers) {
      if (present.includes(contactId) || contactId === this.#latest || isGoingOn(this.#states.get(contactId))) continue;
      this.#proxy.unsubscribe(topicOf(contactId), handler);
      this.#handlers.delete(contactId);
      this.#states.delete(contactId);
    }
  }

  // #unfollow: how transfers go on elsewhere is not seen here.
  #unfollow() {
    for (const [contactId, handler] of this.#handlers) this.#proxy.unsubscribe(topicOf(contactId), handler);
    this.#handlers.clear();
    this.#states.clear();
  }

  #reported(contactId, state) {
    const known = this.#states.get(contactId);
    if (known && Date.parse(known.requested) > Date.parse(state.requested)) return;
    this.#states.set(contactId, state);
    if (!known || known.transferId !== state.transferId || state.stage !== "ended") this.#latest = contactId;
    this.#notify();
  }

  #contactId() {
    if (isGoingOn(this.#states.get(this.#latest))) return this.#latest;
    const [first] = this.#present();
    return first ?? this.#latest;
  }

  // #present returns the contacts in which the agent can transfer the customer.
  #present() {
    return this.#desk.contacts().filter((contactId) => isWithAgent(this.#desk.contact(contactId)));
  }

  async #start(kind, to, { contactId, signal, onFailure, ringFor, key, assume, ...others } = {}) {
    signal?.throwIfAborted();
    const client = this.#client();
    const id = contactId ?? this.#onlyContact();
    const resume = others.resume ?? onFailure === "resume";
    const common = { ...others, key: key ?? newKey(), resume, cancelSignal: signal };
    if (this.#engine === "server") {
      this.#follow(id);
      return client.start(kind, id, to, { ...common, ...(ringFor !== undefined && { ringFor: serverTime(ringFor) }) });
    }
    for (const option of ["confirm", "whisper", "parallel", "supersede"])
      if (others[option]) throw new TransferError("not-supported", `only a Holdfast server has the option ${option}`);
    const endpoints = await Promise.all([to].flat().map((one) => this.#endpoint(one)));
    signal?.throwIfAborted();
    this.#follow(id);
    return client.start(kind, id, endpoints, { ...common, ringFor: milliseconds(ringFor), assume: assume ?? false });
  }

  #client() {
    if (this.#status === "ready") return new Client(this.#proxy);
    const code = { starting: "not-ready", elsewhere: "other-tab", unavailable: "unavailable" }[this.#status];
    throw new TransferError(code, this.#text);
  }

  #onlyContact() {
    const present = this.#present();
    if (present.length === 1) return present[0];
    if (present.length === 0) throw new TransferError("no-such-contact", "You have no call that can be transferred.");
    throw new TransferError("bad-parameter", "You have more than one call: name the contactId.");
  }

  // #endpoint finds a name among the agent's quick connects.
  async #endpoint(to) {
    if (typeof to !== "string" || looksDialled(to)) return to;
    let timer;
    const late = new Promise((_, reject) => {
      const text = "The quick connects could not be listed in time.";
      timer = this.#clock.setTimeout(() => reject(new TransferError("unavailable", text)), endpointsWithin);
    });
    try {
      const listed = Promise.resolve(this.#desk.endpoints()).catch((error) => {
        throw new TransferError("unavailable", `The quick connects could not be listed: ${error?.message ?? error}`);
      });
      const found = (await Promise.race([listed, late])).find(({ name }) => name?.toLowerCase() === to.trim().toLowerCase());
      if (found) return found;
    } finally {
      this.#clock.clearTimeout(timer);
    }
    throw new TransferError("not-found", `You have no quick connect named ${to}.`);
  }

  #set(status, text) {
    if (this.#text === texts.closed) return;
    this.#status = status;
    this.#text = text;
    if (status === "ready") {
      this.#readiness.resolve();
      this.#follow();
    }
    if (status === "unavailable") this.#readiness.reject(new TransferError("unavailable", text));
    this.#notify();
  }

  #note(text) {
    if (this.#notes.has(text)) return;
    this.#notes.add(text);
    this.#notify();
  }

  #notify() {
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        reportError(error);
      }
    }
  }
}

const browserClock = {
  now: () => Date.now(),
  setTimeout: (act, wait) => setTimeout(act, wait),
  clearTimeout: (timer) => clearTimeout(timer),
};

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

const topicOf = (contactId) => ({ key: "changed", parameter: contactId });

// newKey: crypto.randomUUID is missing in pages that are not secure.
const newKey = () => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

const isGoingOn = (state) => state !== undefined && state.stage !== "ended";
