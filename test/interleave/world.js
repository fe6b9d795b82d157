import { Random } from "./clock.js";
import { number } from "./script.js";

// The service does something wrong with a command of a kind at most so often. A page that
// tries a command four times has its way in the end.
const wrongsPerVerb = 3;

// The texts are refusals of Amazon Connect, word for word.
const refusals = {
  hold: "Cannot put call on hold: Invalid contact state.",
  resume: "Cannot resume connection from hold",
  add: "Cannot add connection: Invalid contact state.",
  conference: "Cannot conference connections: Invalid contact state.",
  drop: "ConnectionNotFound",
};

// A World is a simulated Amazon Connect with one contact: what is true, whatever a page has
// heard of it. It carries out commands, does what the script says, and sends updates.
export class World {
  #clock;
  #script;
  #seed;
  #deliver;
  #random;
  #wrongs = {};
  #dropped = 0;
  #inOrder = 0; // when the last update arrives that is in order
  #dials = 0;
  #nth = {};
  log = [];
  legs = [];
  state = "connected";
  removed = false;
  agentHungUp = false; // by hand, as the script wants it
  lateCommand = 0; // until when a command may still be carried out
  joined = []; // when customer and target heard each other: [from, to]

  // deliver(snapshot) brings an update to the page.
  constructor(clock, script, seed, deliver) {
    [this.#clock, this.#script, this.#seed, this.#deliver] = [clock, script, seed, deliver];
    this.contactId = `contact-${seed}`;
    this.#random = Random.of(seed, "updates");
    this.legs.push(
      { id: "agent", type: "agent", initial: false, state: "connected" },
      {
        id: "customer", type: script.outbound ? "outbound" : "inbound", initial: true,
        state: script.heldBefore ? "hold" : "connected", number: "+4915112345",
      },
    );
    if (script.lingering) this.legs.push({ id: "dead", type: "outbound", initial: false, state: "disconnected", number });
    this.#deliver(this.snapshot());
    if (script.customerLeaves) clock.after(script.customerLeaves, () => this.#customerLeaves());
    if (script.agentLeaves) clock.after(script.agentLeaves, () => this.#agentLeaves());
    const noise = () => {
      this.send();
      clock.after(script.noise, noise);
    };
    clock.after(script.noise, noise);
  }

  leg(id) {
    return this.legs.find((leg) => leg.id === id && leg.state !== "disconnected");
  }

  targets() {
    return this.legs.filter((leg) => leg.type === "outbound" && !leg.initial && leg.state !== "disconnected");
  }

  note(...what) {
    this.log.push(`${String(this.#clock.now - 1_000_000).padStart(6)} ${what.join(" ")}`);
  }

  snapshot() {
    if (this.removed) return { taken: this.#clock.now, contact: null };
    const hidden = this.state === "ended" && this.#script.endedShows === "disconnected";
    const legs = this.legs.map((leg) => ({ ...leg, state: hidden ? "disconnected" : leg.state }));
    return { taken: this.#clock.now, contact: { state: this.state, legs } };
  }

  // command carries out a page's command, perhaps late, perhaps wrongly. answer(error)
  // is called with null, a text or an object; perhaps never.
  command(verb, id, endpoint, answer) {
    const nth = (this.#nth[verb] = (this.#nth[verb] ?? 0) + 1);
    const r = Random.of(this.#seed, verb, nth);
    const hostile = r.chance(this.#script.hostile) && (this.#wrongs[verb] = (this.#wrongs[verb] ?? 0) + 1) <= wrongsPerVerb;
    const wrong = hostile ? r.pick("fails", "lies", "denies", "silent", "lost", "late", "slow") : "";
    const fast = r.between(5, 300), answers = r.between(5, 400);
    const delay = wrong === "late" ? r.between(1000, 7000) : fast;
    this.note("page:", verb, id, wrong && `(${wrong})`);
    this.lateCommand = Math.max(this.lateCommand, this.#clock.now + delay);
    let refusal = null;
    this.#clock.after(delay, () => {
      if (wrong === "fails" || wrong === "lies" || wrong === "lost") refusal = wrong === "lies" ? null : refusals[verb];
      else refusal = this.#carryOut(verb, id, endpoint) ? null : refusals[verb];
      if (wrong === "denies") refusal = refusals[verb];
    });
    if (wrong === "silent" || wrong === "lost") return;
    const early = !wrong && r.chance(0.2); // success, before its effect
    const asObject = r.chance(0.5);
    this.#clock.after(early ? answers / 10 : (wrong === "slow" ? r.between(3000, 6000) : answers) + delay, () => {
      answer(refusal && (asObject ? { type: "InvalidStateException", message: refusal } : JSON.stringify({ message: refusal })));
    });
  }

  #carryOut(verb, id, endpoint) {
    if (this.state !== "connected" || this.removed) return false;
    const leg = this.leg(id);
    switch (verb) {
      case "hold":
        return this.#change(leg?.state === "connected" && leg, "hold");
      case "resume":
        return this.#change(leg?.state === "hold" && leg, "connected");
      case "add":
        return this.targets().length === 0 && this.#dial(endpoint);
      case "conference":
        return this.#conference();
      case "drop":
        return leg ? (leg.id === "agent" ? this.#agentIsDropped() : this.#end(leg)) : false;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #change(leg, state) {
    if (!leg) return false;
    leg.state = state;
    this.changed(`${leg.id} is ${state}`);
    return true;
  }

  #dial(endpoint) {
    const leg = { id: `target${++this.#dials}`, type: "outbound", initial: false, state: "connecting", number: endpoint.phoneNumber };
    this.legs.push(leg);
    this.changed(`${leg.id} rings`);
    const { target, answersAfter, endsAfter } = this.#script;
    if (target === "gone-at-once") this.#end(leg);
    else if (target === "busy") this.#clock.after(endsAfter, () => leg.state === "connecting" && this.#end(leg));
    else if (target !== "never") this.#clock.after(answersAfter, () => this.#answered(leg, target === "leaves" ? endsAfter : 0));
    return true;
  }

  #answered(leg, leavesAfter) {
    if (leg.state !== "connecting" || this.removed) return;
    leg.state = "connected";
    this.changed(`${leg.id} answers`);
    if (leavesAfter) this.#clock.after(leavesAfter, () => leg.state !== "disconnected" && this.#end(leg));
  }

  #conference() {
    const customer = this.leg("customer"), target = this.targets()[0];
    if (!customer || !target || target.state === "connecting") return false;
    for (const leg of this.legs) if (leg.state === "hold") leg.state = "connected";
    this.changed("conference");
    return true;
  }

  // end: a leg is over. Some legs are shown as disconnected for a while first.
  #end(leg) {
    leg.state = "disconnected";
    leg.left = this.#clock.now;
    const remove = () => (this.legs = this.legs.filter((other) => other !== leg));
    if (leg.type === "outbound" && !this.#script.staysDead) remove();
    this.changed(`${leg.id} is gone`);
    return true;
  }

  #customerLeaves() {
    const customer = this.leg("customer");
    if (!customer) return;
    this.#end(customer);
    this.customerLeft = this.#clock.now;
    if (this.#script.whenLeft === "removed") this.removed = true;
    if (this.#script.whenLeft === "ended") this.#endContact();
    this.changed(`customer has left: contact ${this.#script.whenLeft}`);
  }

  #agentLeaves() {
    if (!this.leg("agent") || this.state !== "connected") return;
    this.agentHungUp = true;
    this.#agentIsDropped();
  }

  #agentIsDropped() {
    this.#end(this.leg("agent"));
    this.#endContact();
    this.changed("agent is out");
    return true;
  }

  // endContact: the agent is in after-call work. A target and a customer on hold are
  // connected with each other, as the administrator guide describes it.
  #endContact() {
    this.state = "ended";
    const customer = this.leg("customer");
    if (customer && this.targets().some((leg) => leg.state !== "connecting")) {
      for (const leg of this.legs) if (leg.state === "hold") leg.state = "connected";
    }
  }

  changed(what) {
    this.note(what);
    const together = this.leg("customer")?.state === "connected" && this.targets().some((leg) => leg.state === "connected");
    const last = this.joined.at(-1);
    if (together && (!last || last[1])) this.joined.push([this.#clock.now, 0]);
    if (!together && last && !last[1]) last[1] = this.#clock.now;
    this.send();
  }

  // send sends an update: perhaps late, twice or never. Others arrive in order.
  send() {
    const r = this.#random, snapshot = this.snapshot();
    const wrong = r.chance(this.#script.hostile / 2) ? r.pick("late", "twice", "never") : "";
    const bring = () => this.#deliver(snapshot);
    const delay = Math.max(wrong === "late" ? r.between(500, 3000) : r.between(5, 250), this.#inOrder - this.#clock.now);
    if (wrong !== "late") this.#inOrder = this.#clock.now + delay;
    if (wrong === "never" && ++this.#dropped <= 5) return;
    this.#clock.after(delay, bring);
    if (wrong === "twice") this.#clock.after(delay + r.between(50, 2000), bring);
  }

  // where is where the customer is.
  where() {
    const customer = this.leg("customer");
    if (!customer) return "left";
    if (this.state === "connected" && !this.removed && this.leg("agent")) {
      if (customer.state === "hold") return "held";
      return this.targets().some((leg) => leg.state === "connected") ? "joined" : "talking";
    }
    return this.targets().some((leg) => leg.state === "connected") ? "with-target" : "alone";
  }
}
