// Fakes of a browser, a library and the engine for the tests of the page.

// Clock is a clock that a test moves.
export class Clock {
  #now = Date.UTC(2026, 0, 1);
  #timers = new Map();
  #last = 0;

  now() {
    return this.#now;
  }

  setTimeout(act, wait) {
    this.#timers.set(++this.#last, { act, at: this.#now + wait });
    return this.#last;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  get waiting() {
    return this.#timers.size;
  }

  // pass lets time pass, and what follows from it.
  async pass(wait) {
    const until = this.#now + wait;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].at;
      next[1].act();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

// settled waits until all promises that can settle have done so.
export const settled = () => new Promise((resolve) => setImmediate(resolve));

// Desk is a desk with one call, k1, which the test changes.
export class Desk {
  asked = []; // the commands of the engine to the desk
  answers = []; // { resolve, reject } of it
  contactIds = ["k1"];
  #listeners = new Set();
  snapshot = {
    contactId: "k1",
    ended: false,
    connections: [
      { id: "a1", party: "agent", state: "connected" },
      { id: "c1", party: "customer", state: "connected" },
    ],
  };

  agent = async () => "ana";
  contacts = () => this.contactIds;
  contact = (contactId) => (this.contactIds.includes(contactId) ? structuredClone(this.snapshot) : null);
  endpoints = async () => [{ type: "agent", name: "Cardiology", endpointARN: "arn:cardiology" }];

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(id, state) {
    const known = this.snapshot.connections.find((one) => one.id === id);
    if (known) known.state = state;
    else this.snapshot.connections.push({ id, party: "target", state });
    this.changed();
  }

  changed() {
    for (const listener of this.#listeners) listener();
  }

  hold = (...given) => this.#ask("hold", given);
  resume = (...given) => this.#ask("resume", given);
  add = (...given) => this.#ask("add", given);
  conference = (...given) => this.#ask("conference", given);
  drop = (...given) => this.#ask("drop", given);

  #ask(verb, given) {
    this.asked.push([verb, ...given]);
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }
}

// Port is the engine's side of a port, on which the test plays the engine.
export class Port {
  sent = [];
  closed = false;

  post(message) {
    this.sent.push(structuredClone(message));
  }

  listen(onMessage, onFailure) {
    this.say = onMessage;
    this.fail = onFailure;
  }

  close() {
    this.closed = true;
  }

  last(type) {
    return this.sent.findLast((message) => message.type === type);
  }

  // state reports a transfer that is as given.
  state(given = {}, view = {}) {
    const state = {
      transferId: "k1_t1",
      contactId: "k1",
      id: "t1",
      kind: "cold",
      key: this.last("start")?.key,
      by: 2,
      ringFor: "20s",
      target: { kind: "number", address: "+4930123" },
      attempts: [],
      requested: "2026-01-01T00:00:00Z",
      stage: "reaching",
      ...given,
    };
    this.say({ type: "state", contactId: "k1", state, customer: "held", stuck: "", confirm: false, ...view });
  }
}

// Storage is a session storage.
export class Storage {
  kept = new Map();

  get length() {
    return this.kept.size;
  }

  key = (i) => [...this.kept.keys()][i] ?? null;
  getItem = (key) => this.kept.get(key) ?? null;
  setItem = (key, text) => void this.kept.set(key, text);
  removeItem = (key) => void this.kept.delete(key);
}

// Locks are Web Locks that tabs share.
export class Locks {
  #held; // { lose }
  #queue = [];

  request(name, { ifAvailable, signal }, use) {
    if (ifAvailable && this.#held) return Promise.resolve(use(null));
    return new Promise((resolve, reject) => {
      this.#queue.push({ use, resolve, reject });
      signal?.addEventListener("abort", () => reject(signal.reason));
      this.#next();
    });
  }

  // steal takes the lock from the tab that has it.
  steal() {
    const { lose } = this.#held;
    this.#held = { lose() {} };
    lose(new DOMException("stolen", "AbortError"));
  }

  #next() {
    if (this.#held || this.#queue.length === 0) return;
    const { use, resolve, reject } = this.#queue.shift();
    const held = { lose: reject };
    this.#held = held;
    Promise.resolve(use({})).then((used) => {
      if (this.#held === held) this.#held = undefined;
      resolve(used);
      this.#next();
    });
  }
}

// channels returns openChannel for tabs that hear each other.
export function channels() {
  const open = new Set();
  return () => {
    const listeners = new Set();
    const channel = {
      addEventListener: (_, listener) => listeners.add(listener),
      postMessage(data) {
        for (const other of open) if (other !== channel) other.hear(structuredClone(data));
      },
      hear: (data) => listeners.forEach((listener) => listener({ data })),
      close: () => open.delete(channel),
    };
    open.add(channel);
    return channel;
  };
}
