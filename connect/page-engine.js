import { endpointOf, settles, targetOf, textOf } from "./desk.js";
import { TransferError } from "./errors.js";
import { canLeave } from "./view.js";

// overKept is how many contacts that are over are remembered for their outcomes.
const overKept = 20;

// answerWithin is for how long the engine may take to begin a transfer.
const answerWithin = 10_000;

// PageEngine runs transfers in the page. It is a proxy as the SDK has one for the server
// (request, subscribe, unsubscribe), so a Transfer is the same with both. It passes
// the desk's state to the engine behind the port, and carries out the engine's commands.
// It decides nothing itself, but never lets the agent leave a customer alone.
export class PageEngine {
  #desk;
  #port;
  #clock;
  #memory;
  #contacts = new Map();
  #handlers = new Map(); // contactId -> Set of subscription handlers
  #runs = false;
  #ready = false;
  #failure = "";
  #stopped = new AbortController();
  #changed;

  // changed() is called when the engine is ready or has failed.
  constructor({ desk, port, clock, memory, changed }) {
    this.#desk = desk;
    this.#port = port;
    this.#clock = clock;
    this.#memory = memory;
    this.#changed = changed;
    port.listen(
      (message) => this.#take(message),
      (error) => this.#fail(`The transfer engine has stopped: ${textOf(error)}`),
    );
  }

  get isReady() {
    return this.#ready;
  }

  // failure is why the engine cannot run, or empty.
  get failure() {
    return this.#failure;
  }

  // view returns the engine's report about a contact: state, customer, stuck, and
  // whether it waits for confirm.
  view(contactId) {
    return this.#contacts.get(contactId)?.view;
  }

  // stopped is aborted when no state will be published any more, with the reason.
  get stopped() {
    return this.#stopped.signal;
  }

  // begin lets the engine act, and has it carry on the transfers that were under way.
  begin() {
    this.#runs = this.#memory.leads = true;
    if (this.stopped.aborted) this.#stopped = new AbortController();
    this.look();
  }

  // end stops the engine, because another tab acts from now on or the page is closed. What
  // is kept of the transfers under way is for the tab or the page that comes next.
  end(code, reason) {
    this.#stop(code, reason);
    for (const { contactId } of this.#contacts.values()) this.#post({ type: "forget", contactId });
    this.#contacts.clear();
  }

  close() {
    this.end("unavailable", "this page has stopped its transfers");
    this.#port.close?.();
  }

  // look shows the engine the changes. It is called after each change of the desk.
  look() {
    if (!this.#runs) return;
    for (const contact of this.#contacts.values()) if (!contact.over) this.#see(contact);
    for (const contactId of this.#memory.contactIds()) if (!this.#contacts.has(contactId)) this.#adopt(contactId);
  }

  request(command, data) {
    switch (command) {
      case "start":
        return this.#start(data);
      case "get":
        return this.#get(data.contactId);
      case "cancel":
        return this.#finish(data.transferId, "cancel", "cancelled");
      case "complete":
        return this.#finish(data.transferId, "complete", "completed");
      case "confirm":
        return this.#confirm(data.transferId);
      default:
        return refuse("handlerNotFound", `the engine has no command ${command}`);
    }
  }

  subscribe({ parameter: contactId }, handler) {
    const handlers = this.#handlers.get(contactId) ?? new Set();
    this.#handlers.set(contactId, handlers.add(handler));
    const state = this.view(contactId)?.state;
    if (state) handler(state);
  }

  unsubscribe({ parameter: contactId }, handler) {
    const handlers = this.#handlers.get(contactId);
    handlers?.delete(handler);
    if (handlers?.size === 0) this.#handlers.delete(contactId);
  }

  #adopt(contactId) {
    const snapshot = this.#desk.contact(contactId);
    const kept = snapshot === undefined ? undefined : this.#memory.read(contactId);
    if (!kept) return;
    if (!snapshot && kept.isOld) return this.#memory.forget(contactId);
    const contact = this.#contact(contactId);
    contact.endpoints = kept.endpoints;
    contact.adopting = true;
    this.#post({ type: "adopt", at: this.#clock.now(), contactId, saved: kept.saved, snapshot });
  }

  #see(contact) {
    const { contactId } = contact;
    const snapshot = this.#desk.contact(contactId);
    if (snapshot === undefined) return;
    contact.removed = snapshot === null;
    this.#post({ type: "see", at: this.#clock.now(), contactId, snapshot });
    this.#forgetIfOver(contact);
  }

  async #start({ contactId, kind, to, ringFor = 0, resume = false, assume = false, key }) {
    const hindered = this.#hindered();
    if (hindered) return hindered;
    const snapshot = this.#desk.contact(contactId);
    if (!snapshot) return refuse("no-such-contact", "this call does not exist any more");
    const contact = this.#contact(contactId);
    const targets = to.map((one) => {
      const endpoint = endpointOf(one);
      const target = targetOf(endpoint);
      contact.endpoints.set(nameOf(target), endpoint);
      return target;
    });
    this.#see(contact);
    const message = { type: "start", contactId, kind, targets, ringFor, resume, key, assume };
    return this.#ask(contact, message, (state) => state.key === key, answerWithin);
  }

  async #get(contactId) {
    return this.view(contactId)?.state ?? refuse("no-such-transfer", "you have asked for no such transfer");
  }

  async #finish(transferId, type, outcome) {
    const [contact] = this.#find(transferId);
    if (!contact) return refuse("no-such-transfer", "you have asked for no such transfer");
    const last = await this.#ask(contact, { type, contactId: contact.contactId }, endedIn(transferId));
    if (last.outcome === outcome) return {};
    return refuse("transfer-ended", last.text || `the transfer has ended already: ${last.outcome}`);
  }

  async #confirm(transferId) {
    const [contact, state] = this.#find(transferId);
    if (!contact) return refuse("no-such-transfer", "you have asked for no such transfer");
    if (state.stage === "ended") return refuse("transfer-ended", `the transfer has ended already: ${state.outcome}`);
    await this.#ask(contact, { type: "confirm", contactId: contact.contactId }, (next) => next.transferId === transferId && next.stage !== "reaching");
    return {};
  }

  #find(transferId) {
    for (const contact of this.#contacts.values()) {
      const state = contact.states.get(transferId);
      if (state) return [contact, state];
    }
    return [];
  }

  // #ask asks the engine one thing at a time for each contact, because its answers do not
  // name their question. It does not ask what a state answers already.
  #ask(contact, message, isAnswer, within) {
    const turn = () => {
      const known = [...contact.states.values()].find(isAnswer);
      if (known) return known;
      const hindered = this.#hindered();
      if (hindered) return hindered;
      return new Promise((resolve, reject) => {
        const asked = { isAnswer, resolve, reject };
        contact.asked = asked;
        if (within) {
          const late = () => contact.asked === asked && this.#reject(contact, "clientTimeout", "the transfer engine does not answer");
          asked.timer = this.#clock.setTimeout(late, within);
        }
        this.#post({ ...message, at: this.#clock.now() });
      });
    };
    const answer = contact.turn.then(turn);
    contact.turn = answer.catch(() => {});
    return answer;
  }

  #hindered() {
    if (this.#failure) return refuse("unavailable", this.#failure);
    return this.#runs ? undefined : refuse("other-tab", "transfers run in another tab of this browser");
  }

  #take(message) {
    if (message?.type === "failed") return this.#fail(message.text);
    if (message?.type === "ready") {
      this.#ready = true;
      return this.#changed();
    }
    const contact = this.#contacts.get(message?.contactId);
    if (!contact || contact.over || !this.#runs) return;
    switch (message.type) {
      case "refused":
        return this.#refused(contact, message);
      case "do":
        return this.#do(contact, message);
      case "state":
        return this.#show(contact, message);
      case "save":
        return this.#save(contact, message.saved);
      case "wake":
        return this.#wake(contact, message.at);
    }
  }

  // #refused: the engine answers in order, and adopts before anything is asked.
  #refused(contact, { code, text }) {
    if (!contact.adopting) return this.#reject(contact, code, text);
    contact.adopting = false;
    this.#memory.ignore(contact.contactId, text);
  }

  #reject(contact, code, text) {
    const { asked } = contact;
    if (!asked) return;
    this.#answered(contact);
    asked.reject({ errorKey: code, reason: text });
  }

  #answered(contact) {
    this.#clock.clearTimeout(contact.asked.timer);
    contact.asked = undefined;
  }

  // #do calls the library. What that answers, late or never, is only a hint to the engine.
  #do(contact, { n, verb, connection, target }) {
    const { contactId } = contact;
    const answer = (error) => {
      if (this.#contacts.get(contactId) !== contact || contact.over || !this.#runs) return;
      this.#post({ type: "answer", at: this.#clock.now(), contactId, n, error });
    };
    const parameter = verb === "add" ? (contact.endpoints.get(nameOf(target)) ?? endpointFrom(target)) : connection;
    const call = (resolve, reject) => {
      // The target may have left while the command was on its way from the worker.
      if (verb === "drop" && !canLeave(this.#desk.contact(contactId), connection, contact.view?.state.kind))
        throw new Error("customer and target are not connected any more");
      Promise.resolve(this.#desk[verb](contactId, parameter)).then(resolve, reject);
    };
    settles(call).then(
      () => answer(null),
      (error) => answer(textOf(error)),
    );
  }

  #show(contact, { state, customer, stuck, confirm }) {
    const { contactId } = contact;
    contact.view = { state, customer, stuck, confirm };
    contact.adopting = false;
    contact.states.set(state.transferId, state);
    const { asked } = contact;
    if (asked?.isAnswer(state)) {
      this.#answered(contact);
      asked.resolve(state);
    }
    for (const handler of [...(this.#handlers.get(contactId) ?? [])]) handler(state);
    this.#changed();
    this.#forgetIfOver(contact);
  }

  #save(contact, saved) {
    if (saved) return this.#memory.write(contact.contactId, saved, contact.endpoints);
    this.#memory.forget(contact.contactId);
    contact.adopting = false; // without a transfer no state follows
    this.#forgetIfOver(contact);
  }

  #wake(contact, at) {
    this.#clock.clearTimeout(contact.timer);
    contact.timer = undefined;
    if (!at) return;
    const wait = Math.min(Math.max(at - this.#clock.now(), 0), 2 ** 31 - 1);
    contact.timer = this.#clock.setTimeout(() => {
      const { contactId } = contact;
      this.#see(contact);
      if (!contact.over) this.#post({ type: "wake", at: this.#clock.now(), contactId });
    }, wait);
  }

  #forgetIfOver(contact) {
    const { contactId, removed, adopting, asked, view } = contact;
    if (!removed || contact.over || adopting || asked || (view?.state && view.state.stage !== "ended")) return;
    contact.over = true;
    this.#clock.clearTimeout(contact.timer);
    this.#memory.forget(contactId);
    this.#post({ type: "forget", contactId });
    const over = [...this.#contacts.values()].filter((one) => one.over);
    for (const { contactId: old } of over.slice(0, -overKept)) this.#contacts.delete(old);
  }

  #fail(text) {
    if (this.#failure) return;
    this.#failure = text;
    this.#stop("unavailable", text);
    for (const contact of this.#contacts.values()) {
      if (contact.adopting) this.#memory.forget(contact.contactId); // or the next engine stops by it, too
      else if (!contact.view || contact.view.state.stage === "ended") continue;
      contact.view = { ...contact.view, customer: "unknown", stuck: `${text} Finish the transfer by hand.`, confirm: false };
    }
    this.#changed();
  }

  #stop(code, reason) {
    this.#runs = this.#memory.leads = false;
    for (const contact of this.#contacts.values()) {
      this.#clock.clearTimeout(contact.timer);
      this.#reject(contact, code, reason);
    }
    this.#stopped.abort(new TransferError(code, reason));
  }

  #contact(contactId) {
    let contact = this.#contacts.get(contactId);
    if (!contact || contact.over) {
      contact = { contactId, states: new Map(), endpoints: new Map(), turn: Promise.resolve() };
      this.#contacts.set(contactId, contact);
    }
    return contact;
  }

  #post(message) {
    if (!this.#failure) this.#port.post(message);
  }
}

const endedIn = (transferId) => (state) => state.transferId === transferId && state.stage === "ended";

const nameOf = ({ kind, address }) => `${kind} ${address}`;

const endpointFrom = ({ kind, address, name }) =>
  kind === "agent" || kind === "queue"
    ? { type: kind, endpointARN: address, name: name ?? null }
    : { type: "phone_number", phoneNumber: address, name: name ?? null, endpointARN: null };

// refuse rejects as the SDK does, so errors.js makes a TransferError of it.
const refuse = (errorKey, reason) => Promise.reject({ errorKey, reason });
