
// lasting is for how long a transfer is kept whose contact is not there any more.
const lasting = 10 * 60_000;

// Memory keeps the transfers under way, so that a page that is reloaded carries them on.
// It uses the session storage of the tab. Other tabs of the agent get copies through a
// channel, because one of them takes over when this tab is closed.
export class Memory {
  #storage;
  #openChannel;
  #channel;
  #clock;
  #note;
  #prefix;
  #kept = new Map(); // contactId -> text; also texts that the storage does not take
  leads = false; // this tab runs the transfers, so that what other tabs have is older

  // openChannel(name) opens a BroadcastChannel; it may be missing.
  constructor({ storage, openChannel, clock, note }) {
    this.#storage = storage;
    this.#openChannel = openChannel;
    this.#clock = clock;
    this.#note = note;
  }

  // open reads the texts kept for an agent.
  open(name) {
    this.#prefix = `${name}:`;
    this.#try(() => {
      const { length } = this.#storage;
      const keys = Array.from({ length }, (_, i) => this.#storage.key(i)).filter((key) => key?.startsWith(this.#prefix));
      for (const key of keys) this.#kept.set(key.slice(this.#prefix.length), this.#storage.getItem(key));
    });
    this.#channel = this.#openChannel?.(name);
    this.#channel?.addEventListener("message", ({ data }) => this.#heard(data ?? {}));
    this.#channel?.postMessage({ wanted: true });
  }

  contactIds() {
    return [...this.#kept.keys()];
  }

  // read returns the text kept for a contact, or undefined. It drops a damaged one.
  read(contactId) {
    const text = this.#kept.get(contactId);
    if (text === undefined) return undefined;
    try {
      const { at, saved, endpoints } = JSON.parse(text);
      if (typeof at !== "number" || typeof saved !== "object" || !saved) throw new Error("it has another form");
      return { saved, endpoints: new Map(endpoints), isOld: this.#clock.now() - at > lasting };
    } catch (error) {
      this.ignore(contactId, `it is damaged: ${error.message}`);
      return undefined;
    }
  }

  // ignore forgets what cannot be used.
  ignore(contactId, why) {
    this.#note(`The stored transfer of a call was ignored: ${why}`);
    this.forget(contactId);
  }

  write(contactId, saved, endpoints) {
    this.#put(contactId, JSON.stringify({ at: this.#clock.now(), saved, endpoints: [...endpoints] }));
  }

  forget(contactId) {
    if (this.#kept.has(contactId)) this.#put(contactId, null);
  }

  close() {
    this.#channel?.close?.();
  }

  #put(contactId, text) {
    this.#keep(contactId, text);
    this.#channel?.postMessage({ contactId, text });
  }

  #heard({ wanted, contactId, text }) {
    if (typeof contactId === "string") return this.leads || this.#keep(contactId, text);
    if (wanted) for (const [id, kept] of this.#kept) this.#channel.postMessage({ contactId: id, text: kept });
  }

  #keep(contactId, text) {
    const key = this.#prefix + contactId;
    if (typeof text === "string") {
      this.#kept.set(contactId, text);
      if (this.#try(() => this.#storage.setItem(key, text))) return;
    } else {
      this.#kept.delete(contactId);
    }
    this.#try(() => this.#storage.removeItem(key)); // also an older one that storage has no room to replace
  }

  // #try: a browser may deny storage to a frame of another site, and storage may be full.
  #try(use) {
    try {
      use();
      return true;
    } catch {
      this.#note("The browser denies this page its storage: a transfer under way is not carried on after a reload.");
      return false;
    }
  }
}
