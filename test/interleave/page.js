import { answering, streamsOn } from "./streams.js";

// A command that is younger than this and has no answer is outstanding.
const patience = 3000;

const workerDelay = 5;

// A Page is one life of the agent's page, from loading to unloading, and checks what the
// page asks for against what it could know.
export class Page {
  #clock;
  #world;
  #closed = false;
  #streams;
  #last = null;
  #shown = { taken: 0, contact: null };
  #joinedAt = -Infinity; // when customer and target were last shown as joined
  faults = [];
  adds = 0;
  droppedAgent = 0; // when the page first asked for the agent to be dropped

  // before is the page that was reloaded, if there was one.
  constructor(clock, world, before) {
    [this.#clock, this.#world] = [clock, world];
    if (before) [this.adds, this.droppedAgent] = [before.adds, before.droppedAgent];
    this.#streams = streamsOn(world.contactId, (...command) => this.#command(...command));
    this.connect = this.#streams.connect;
    this.globals = this.#alive(clock.globals());
  }

  get shown() {
    return this.#shown.contact;
  }

  targets() {
    return (this.shown?.legs ?? []).filter((leg) => leg.type === "outbound" && !leg.initial && leg.state !== "disconnected");
  }

  // isBlind: updates are late, lost or reordered, so that the page cannot know what is true.
  isBlind() {
    const states = (contact) => JSON.stringify([contact?.state, contact?.legs.map((leg) => leg.state)]);
    return states(this.shown) !== states(this.#world.snapshot().contact);
  }

  deliver(snapshot) {
    if (this.#closed) return;
    this.#shown = snapshot;
    if (areJoined(snapshot.contact)) this.#joinedAt = this.#clock.now;
    this.#streams.update(snapshot);
  }

  // close: the page is unloaded; its timers and callbacks are gone.
  close() {
    this.#closed = true;
    this.#streams.close();
    this.#check();
  }

  #check() {
    for (const error of this.#streams.connect.core.getEventBus().faults) this.faults.push(`a handler threw: ${error.stack}`);
  }

  // over returns what the page did wrong.
  over() {
    this.close();
    return this.faults;
  }

  #command(verb, id, endpoint, callbacks) {
    if (this.#closed) return;
    const now = this.#clock.now, last = this.#last;
    if (last && !last.answered && now - last.at < patience) {
      this.faults.push(`two commands at once: ${last.verb} and ${verb} at ${now - 1_000_000}`);
    }
    if (!callbacks?.failure) this.faults.push(`${verb} without a failure handler`);
    const command = (this.#last = { verb, at: now, answered: false });
    this.#checkCommand(verb, id);
    this.#world.command(verb, id, endpoint, (error) => {
      command.answered = true;
      if (!this.#closed) answering(callbacks)(error);
    });
  }

  #checkCommand(verb, id) {
    const legs = this.shown?.legs ?? [], third = this.targets();
    if (verb === "add") {
      if (third.length > 0) this.faults.push("dialled while a third party is there");
      this.adds++;
    }
    if (verb === "drop" && legs.find((leg) => leg.id === id)?.type === "agent") {
      this.droppedAgent ||= this.#clock.now;
      // A command of the engine's worker is as old as its way to the page.
      if (!areJoined(this.shown) && this.#clock.now - this.#joinedAt > workerDelay) {
        this.faults.push("dropped the agent before customer and target were joined");
      }
    }
  }

  // alive has nothing done for a page that has been unloaded.
  #alive({ setTimeout, setInterval, ...others }) {
    const guarded = (set) => (action, ...rest) => set((...args) => this.#closed || action(...args), ...rest);
    return { ...others, setTimeout: guarded(setTimeout), setInterval: guarded(setInterval) };
  }
}

const areJoined = (contact) => {
  const connected = (contact?.legs ?? []).filter((leg) => leg.state === "connected" && leg.type !== "agent");
  return connected.some((leg) => leg.initial) && connected.some((leg) => !leg.initial);
};
