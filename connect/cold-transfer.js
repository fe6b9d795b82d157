// coldTransfer for pages on amazon-connect-streams that want no WebAssembly, described in
// cold-transfer.d.ts. A script element, or import "./cold-transfer.js", defines
// globalThis.coldTransfer; require() in a CommonJS package returns it.
(() => {
"use strict";
const LIMIT = 4000; // ms until a command has been answered and its effect shows
const SETTLE = 1000; // until an update that follows a refusal
const ABSENT = 2000; // an old update that is repeated lacks legs that are there
const JOIN = 15000; // from the target's answer until customer and target are joined
const CARE = 30000; // after a failure, to drop a leg that appears late
const TRIES = 4;
const running = (globalThis[Symbol.for("holdfast.coldTransfer")] ??= new Map());

const refuse = (code, text) => {
  throw Object.assign(new Error(text), { name: "TransferError", code });
};
const live = (leg) => leg && leg.state !== "disconnected";
const answered = (leg) => /connected|hold/.test(leg?.state) && live(leg);
const tail = (number) => String(number ?? "").replace(/\D/g, "").slice(-6);

// Amazon's own page reports errors as JSON text, others as objects.
const textOf = (error) => {
  try {
    error = JSON.parse(error);
  } catch {}
  return String(error?.message ?? error);
};
const reasonOf = (text) =>
  (/busy|denied|not.found/i.exec(text)?.[0] ?? "unreachable").toLowerCase().replace(/\W/, "-");

// read throws a StateError inside when the contact has been removed.
const read = (connect, id) => {
  try {
    const contact = new connect.Contact(id);
    const all = contact.getConnections().map((api) => ({
      api, id: api.getConnectionId(), type: api.getType(), state: api.getStatus().type,
      initial: api.isInitialConnection(), number: api.getEndpoint()?.phoneNumber,
    }));
    return {
      contact, all,
      ended: /ended|error|missed|rejected/.test(contact.getStatus().type),
      customer: all.find((leg) => leg.initial && leg.type !== "agent"),
      agent: all.find((leg) => leg.type === "agent"),
      legs: all.filter((leg) => leg.type === "outbound" && !leg.initial),
    };
  } catch {
    return { all: [], legs: [] };
  }
};

const onlyCall = (connect) => {
  const calls = new connect.Agent().getContacts().filter((contact) =>
    /voice|callback/.test(contact.getType()) && contact.getStatus().type === "connected");
  if (calls.length !== 1) refuse("no-such-contact", `There are ${calls.length} calls: pass contactId.`);
  return calls[0].getContactId();
};

const begin = (connect, to, { contactId, ringFor = 20000, resume, onFailure, assume, signal } = {}) => {
  if (signal?.aborted) throw signal.reason;
  if (typeof to === "string") to = connect.Endpoint.byPhoneNumber(to);
  const proves = to.type ? to.type === "phone_number" : to.phoneNumber;
  if (!proves && !assume) refuse("not-supported", "Amazon shows agents and queues as connected before a person answers.");
  if (!(ringFor > 0)) refuse("bad-ring-time", "ringFor must be positive.");
  contactId ??= onlyCall(connect);
  const key = JSON.stringify(to), name = to.name || to.phoneNumber || "The target";
  const other = running.get(contactId);
  if (other?.key === key && Date.now() - other.began < 2000) return other.promise; // a double click
  if (other?.command || other?.result === null) refuse("transfer-under-way", "A transfer is under way.");
  let view = read(connect, contactId), now = Date.now();
  if (view.ended || !answered(view.agent)) refuse("no-agent", "You are not in a call.");
  if (!answered(view.customer)) refuse("no-customer", "No customer has answered.");
  if (view.legs.some(live)) refuse("transfer-under-way", "A third party is in the call.");
  other?.stop();

  const old = view.legs.map((leg) => leg.id); // dead legs linger
  const t = { key, began: now, command: null, result: null };
  const tries = {}, absent = {};
  let phase = "reach", result, targetId, target, together, endBy;
  let dialled, conferenced, leaving, refreshes = 0, aborted, inside, settle;

  const ours = ({ id, number }) => !old.includes(id) &&
    (!tail(number) || !tail(to.phoneNumber) || tail(number) === tail(to.phoneNumber));
  const gone = (who, leg) => {
    if (!leg) return now - (absent[who] ??= now) >= ABSENT;
    delete absent[who];
    return !live(leg);
  };
  const giveUp = (outcome, reason, text) => {
    [phase, result] = ["back", { outcome, reason, text }];
  };
  const finish = (customer) => {
    const { outcome } = result, done = outcome === "completed", rest = !done && !view.ended && view.legs.some(live);
    if (rest) result.text += ` ${name} is still in the call: hang up by hand.`;
    if (done && !proves) result.unproven = true;
    settle((t.result = { ...result, customer }));
    signal?.removeEventListener("abort", abort);
    [phase, endBy] = ["care", now + CARE];
    if (done || !dialled || (target && !rest)) t.stop();
  };
  const complete = (text = `${name} has the customer.`) => {
    result = { outcome: "completed", text };
    finish("with-target");
  };

  // send sends one command, unless it has been tried often enough. A page without a failure
  // handler would have success called for a refusal.
  const send = (what, limit, done, call) => {
    if ((tries[what] = (tries[what] ?? 0) + 1) > limit) return false;
    const c = (t.command = { what, done, by: now + LIMIT });
    const answer = (refused) => (error) => {
      if (c.answered) return;
      Object.assign(c, { answered: true, refused, error, refreshes });
      if (refused) c.by = Math.min(c.by, Date.now() + SETTLE);
      step();
    };
    try {
      call({ success: answer(false), failure: answer(true) });
    } catch (error) {
      answer(true)(error);
    }
    return true;
  };
  const act = (verb, leg) => send(verb + leg.id, TRIES, () => {
    const same = view.all.find(({ id }) => id === leg.id);
    return verb === "destroy" ? !live(same) : (same?.state === "hold") === (verb === "hold");
  }, (answers) => leg.api[verb](answers));

  // waits is true until the last command has been answered and its effect shows, or until
  // its deadline.
  const waits = () => {
    const c = t.command;
    if (!c) return false;
    if (now < c.by && !(c.answered && (c.done() || (c.refused && c.refreshes < refreshes)))) return true;
    t.command = null;
    if (c.what === "add" && c.refused && !targetId && phase === "reach") {
      giveUp("failed", reasonOf(textOf(c.error)), `${name} could not be dialled: ${textOf(c.error)}`);
    }
    return false;
  };

  // judge believes what the library shows, and nothing else.
  const judge = () => {
    const left = view.ended ? !live(view.customer) : view.contact && gone("customer", view.customer);
    if (view.contact ? view.ended || gone("agent", view.agent) : gone("contact")) {
      if (phase === "care") return t.stop();
      if (together && phase === "join") return complete();
      if (left && !leaving) giveUp("abandoned", "customer-left", "The contact has ended.");
      else result ??= { outcome: "failed", reason: "hung-up", text: "The contact ended: Amazon decides where the customer goes." };
      finish(left && !leaving ? "left" : "unknown");
      return t.stop();
    }
    if (phase === "care" || !view.contact) return;
    if (left) return giveUp("abandoned", "customer-left", "The customer has left.");
    if (phase === "back") return;
    target = view.legs.find((leg) => (targetId ? leg.id === targetId : ours(leg) && (live(leg) || dialled)));
    targetId ??= target?.id;
    if (targetId && gone("target", target)) {
      return phase === "reach" ? giveUp("failed", "unreachable", `${name} could not be reached.`)
        : giveUp("failed", "left-early", `${name} left too early.`);
    }
    together = conferenced && view.customer?.state === "connected" && target?.state === "connected";
    if (aborted && !leaving) return giveUp("cancelled", "cancelled", "The transfer was cancelled.");
    if (phase === "reach" && answered(target)) [phase, endBy] = ["join", now + JOIN];
    if (now < (endBy ?? Infinity) || together) return;
    if (phase === "join") giveUp("failed", "error", `${name} could not be joined with the customer.`);
    else giveUp("failed", targetId ? "no-answer" : "unreachable", `${name} did not answer.`);
  };

  // next sends the next command, if there is one.
  const next = () => {
    const { contact, customer, agent, legs } = view;
    for (const leg of legs) {
      const unwanted = phase === "care" ? ours(leg) : phase === "back" || leg !== target;
      if (live(leg) && unwanted && act("destroy", leg)) return;
    }
    if (phase === "care" || !contact) return;
    if (phase === "back") {
      if (agent?.state === "hold" && act("resume", agent)) return;
      const held = customer?.state === "hold";
      if (held && (resume || onFailure === "resume") && act("resume", customer)) return;
      return finish(!live(customer) ? "left" : held ? "held" : "talking");
    }
    if (!customer || !agent) return;
    if (phase === "reach") {
      if (targetId || dialled) return;
      if (customer.state !== "hold") {
        if (!act("hold", customer)) giveUp("failed", "error", "The customer could not be put on hold.");
        return;
      }
      [dialled, endBy] = [true, now + ringFor];
      return send("add", 1, () => targetId, (answers) => contact.addConnection(to, answers));
    }
    if (together) {
      leaving = true;
      return act("destroy", agent) || complete(`${name} has the customer, but you are still in the call: hang up.`);
    }
    if (!target) return;
    conferenced = true;
    send("conference", Infinity, () => together, (answers) => contact.conferenceConnections(answers));
  };

  const step = () => {
    if (inside) return;
    inside = true;
    [now, view] = [Date.now(), read(connect, contactId)];
    if (phase === "care" && now >= endBy) t.stop();
    else judge();
    if (phase !== "done" && !waits()) next();
    inside = false;
  };
  const abort = () => {
    aborted = true;
    step();
  };
  const timer = setInterval(step, 250);
  const updates = new connect.Agent().onRefresh(() => {
    refreshes++;
    step();
  });
  t.stop = () => {
    phase = "done";
    clearInterval(timer);
    updates.unsubscribe();
    if (running.get(contactId) === t) running.delete(contactId);
  };
  signal?.addEventListener("abort", abort);
  running.set(contactId, t);
  t.promise = new Promise((resolve) => (settle = resolve));
  step();
  return t.promise;
};

globalThis.coldTransfer = (connect, to, options) => {
  try {
    return begin(connect, to, options);
  } catch (error) {
    return Promise.reject(error);
  }
};
if (typeof module === "object" && module.exports) module.exports = globalThis.coldTransfer;
})();
