// Plays scenes on the engine: node stories.js wasm_exec.js holdfast.wasm <scenes. Each
// scene is a list of moves; after each move, what the engine reported is printed. The
// desk does at once what it is asked for, but a conference has its effect only when a
// story says that customer and target hear each other.

"use strict";
const fs = require("node:fs");
require(process.argv[2]);

let scene;
globalThis.holdfastPage = {
  post(message) {
    if (message.type !== "ready") scene.take(message);
  },
};

class Scene {
  customer = "connected";
  agent = "connected";
  legs = [];
  wake = 0;
  states = new Map();
  where = "";
  stuck = "";
  confirm = false;
  refused = "";
  queue = [];
  joining = false;

  constructor(id) {
    this.id = id;
  }

  take(message) {
    if (message.type === "do") this.queue.push(message);
    if (message.type === "wake") this.wake = message.at;
    if (message.type === "refused") this.refused = message.text;
    if (message.type === "state") {
      this.states.set(message.state.id, message.state);
      ({ customer: this.where, stuck: this.stuck, confirm: this.confirm } = message);
    }
  }

  tell(at, message) {
    this.at = at;
    globalThis.holdfastEngine.take({ at, contactId: this.id, ...message });
  }

  see(at) {
    const connections = [
      { id: "c", party: "customer", state: this.customer },
      { id: "a", party: "agent", state: this.agent },
      ...this.legs.map(({ id, state, target, reason }) => ({ id, party: "target", state, target, reason })),
    ];
    this.tell(at, { type: "see", snapshot: { contactId: this.id, ended: this.agent === "disconnected", connections } });
  }

  // work performs what the engine asks for, until it asks for nothing.
  work(at) {
    for (let next; (next = this.queue.shift()); ) {
      const { verb, connection, target, n } = next;
      if (verb === "hold") this.customer = "hold";
      if (verb === "resume") this.customer = "connected";
      if (verb === "add") this.legs.push({ id: `l${this.legs.length}`, state: "connecting", target });
      if (verb === "conference") this.joining = true;
      if (verb === "drop" && connection === "a") this.agent = "disconnected";
      for (const leg of this.legs) if (verb === "drop" && leg.id === connection) leg.state = "disconnected";
      this.see(at);
      this.tell(at, { type: "answer", n, error: null });
    }
  }

  move({ at, message, party, target, state, reason, joined }) {
    this.refused = "";
    while (this.wake && this.wake <= at) {
      const due = Math.max(this.wake, this.at);
      this.wake = 0;
      this.tell(due, { type: "wake" });
      this.work(due);
    }
    if (party === "customer") this.customer = state;
    if (party === "target") {
      const leg = this.legs.findLast((l) => l.target.address === target && l.state !== "disconnected");
      if (leg) Object.assign(leg, { state, reason });
    }
    if (joined && this.joining) {
      this.customer = "connected";
      this.joining = false;
    }
    this.see(at);
    this.work(at);
    if (party === "target" && this.confirm) this.tell(at, { type: "confirm" });
    if (message) this.tell(at, message);
    this.work(at);
    const { where, stuck, refused } = this;
    return { transfers: [...this.states.values()], customer: where, stuck, refused };
  }
}

const go = new Go();
WebAssembly.instantiate(fs.readFileSync(process.argv[3]), go.importObject).then(({ instance }) => {
  go.run(instance);
  const scenes = JSON.parse(fs.readFileSync(0, "utf8"));
  const results = scenes.map((moves, i) => {
    scene = new Scene(`scene-${i}`);
    return moves.map((move) => scene.move(move));
  });
  process.stdout.write(JSON.stringify(results), () => process.exit(0));
});
