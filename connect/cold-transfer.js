// coldTransfer for pages that want no WebAssembly; cold-transfer.d.ts describes it. A script
// element or import "./cold-transfer.js" defines globalThis.coldTransfer, and require() in
// a CommonJS package returns it.
(() => {
"use strict";
const LIMIT = 4000; // ms until a command has been answered and shows its effect
const SETTLE = 1000; // until an update that follows a refusal
const ABSENT = 2000; // an old update lacks a leg that is there
const JOIN = 15000; // from the answer until customer and target are joined
const CARE = 30000; // after a failure, to drop a leg that appears late
const TRIES = 4;
const transfers = (globalThis[Symbol.for("holdfast.coldTransfer")] ??= new Map());

const refuse = (code, text) => {
  throw Object.assign(new Error(text), { name: "TransferError", code });
};
const live = (leg) => leg && leg.state !== "disconnected";
const answered = (leg) => leg?.state === "connected" || leg?.state === "hold";
const digits = (number) => String(number ?? "").replace(/\D/g, "").slice(-6);
// Amazon reports errors as JSON text, others as objects.
const textOf = (error) => /"message":"(.*?)"/.exec(error)?.[1] ?? error?.message ?? String(error);

const read = (connect, id) => {
  try {
    const contact = new connect.Contact(id);
    const all = contact.getConnections().map((api) => ({
      api, id: api.getConnectionId(), type: api.getType(), state: api.getStatus().type,
      initial: api.isInitialConnection(), number: api.getEndpoint().phoneNumber,
    }));
    const agent = all.find((leg) => leg.type === "agent"), customer = all.find((leg) => leg.initial);
    const out = contact.getStatus().type !== "connected" || !live(agent);
    return { contact, agent, customer, out, legs: all.filter((leg) => leg.type === "outbound" && !leg.initial) };
  } catch {
    return { out: true, legs: [] }; // a StateError: the contact has been removed
  }
};

async function coldTransfer(connect, to, { contactId, ringFor = 20000, resume, onFailure, assume, signal } = {}) {
  signal?.throwIfAborted();
  if (typeof to === "string") to = connect.Endpoint.byPhoneNumber(to);
  const proves = to.type ? to.type === "phone_number" : to.phoneNumber;
  if (!proves && !assume) refuse("not-supported", "Only a number's answer proves a person.");
  if (!(ringFor > 0)) refuse("bad-ring-time", "ringFor must be positive.");
  const ids = contactId ? [contactId] : new connect.Agent().getContacts().map((c) => c.getContactId())
    .filter((id) => answered(read(connect, id).customer));
  if (ids.length !== 1) refuse("no-such-contact", "There is not exactly one call: pass contactId.");
  const [id] = ids, key = JSON.stringify(to), name = to.name || to.phoneNumber || "The target";
  const other = transfers.get(id), began = Date.now();
  if (other?.key === key && began - other.began < 2000) return other.outcome; // a double click
  let view = read(connect, id), now = began, updates = 0, wake = () => {};
  if (other?.busy || view.legs.some(live)) refuse("transfer-under-way", "A transfer is under way.");
  if (view.out || !answered(view.agent)) refuse("no-agent", "You are not in the call.");
  if (!answered(view.customer)) refuse("no-customer", "No customer has answered.");

  const t = { key, began, busy: true };
  let old, target, missing, left, lost, together, joining, leaving;

  const isOurs = (leg) => old && !old.includes(leg.id) &&
    (!digits(leg.number) || !digits(to.phoneNumber) || digits(leg.number) === digits(to.phoneNumber));
  // look believes what the library shows, and no answer.
  const look = () => {
    [now, view] = [Date.now(), read(connect, id)];
    const { out, contact, customer, legs } = view;
    if (contact) left = !live(customer);
    const leg = legs.find((leg) => (target ? leg.id === target.id : isOurs(leg)));
    target = leg ?? target;
    missing = leg ? undefined : missing ?? now;
    lost = target && (leg ? !live(leg) : now - missing >= ABSENT);
    if (!out) together = joining && customer?.state === "connected" && leg?.state === "connected";
  };
  const end = (reason, text, outcome = "failed") => {
    throw { outcome, reason, text };
  };
  const check = () => {
    const { out } = view;
    if (out && together) end(undefined, `${name} has the customer.`, "completed");
    if (left && !(out && leaving)) end("customer-left", "The customer has left.", "abandoned");
    if (out) end("hung-up", "The contact has ended: Amazon decides where the customer goes.");
    if (lost) end(joining ? "left-early" : "unreachable", `${name} has left or cannot be reached.`);
    if (signal?.aborted && !leaving) end("cancelled", "The transfer was cancelled.", "cancelled");
  };
  const until = (by, holds, watch) => new Promise((resolve, reject) => {
    wake = () => {
      look();
      try {
        watch?.();
        if (holds() || now >= by()) resolve();
      } catch (outcome) {
        reject(outcome);
      }
    };
    wake();
  });
  // command sends one command and waits for its answer and its effect. Without a failure
  // handler, the library would call success for a refusal.
  const command = async (shows, call) => {
    let by = now + LIMIT, seen, refusal;
    const answer = (refused) => (error) => {
      seen ??= updates;
      if (refused) [refusal, by] = [textOf(error), Date.now() + SETTLE];
      wake();
    };
    try {
      call({ success: answer(), failure: answer(true) });
    } catch (error) {
      answer(true)(error);
    }
    await until(() => by, () => seen >= 0 && (shows() || (refusal && updates > seen)));
    return refusal;
  };
  const insist = async (verb, leg, shows, watch) => {
    for (let n = 0; n < TRIES && leg() && !shows() && !view.out; n++) {
      await command(shows, (answers) => leg().api[verb](answers));
      watch?.();
    }
  };
  const customer = () => view.customer;
  const isHeld = () => customer()?.state === "hold";
  const drop = async (isUnwanted) => {
    for (const { id } of view.legs.filter((leg) => live(leg) && isUnwanted(leg))) {
      const leg = () => view.legs.find((leg) => leg.id === id);
      await insist("destroy", leg, () => !live(leg()));
    }
  };

  const transfer = async () => {
    await insist("hold", customer, isHeld, check);
    if (!isHeld()) end("error", "The customer could not be put on hold.");
    await drop(() => true);
    check();
    old = view.legs.map((leg) => leg.id); // dead legs linger
    const ringBy = now + ringFor;
    const refusal = await command(() => target, (answers) => view.contact.addConnection(to, answers));
    check();
    if (refusal && !target) end("unreachable", `${name} could not be dialled: ${refusal}`);
    await until(() => ringBy, () => answered(target), check);
    if (!answered(target)) end(target ? "no-answer" : "unreachable", `${name} did not answer.`);
    await drop((leg) => leg !== target);
    joining = true;
    for (let joinBy = now + JOIN, n = 0; ; check()) {
      if (together) {
        leaving = true;
        if (++n > TRIES) end(undefined, `${name} has the customer, but you are still in the call: hang up.`, "completed");
        await command(() => view.out, (answers) => view.agent.api.destroy(answers));
      } else {
        if (now > joinBy) end("error", `${name} could not be joined with the customer.`);
        await command(() => together, (answers) => view.contact.conferenceConnections(answers));
      }
    }
  };
  // finish leaves the customer with the agent, unless the target has them.
  const finish = async (result) => {
    const completed = result.outcome === "completed", { out } = view;
    if (!completed) {
      await drop(() => true);
      if (resume || onFailure === "resume") await insist("resume", customer, () => !isHeld());
      if (!view.out && view.legs.some(live)) result.text += ` ${name} is still in the call: hang up.`;
    } else if (!proves) result.unproven = true;
    result.customer = completed ? "with-target" : out && (leaving || !left) ? "unknown" : left ? "left" : isHeld() ? "held" : "talking";
    care(!completed && old ? now + CARE : 0);
    return result;
  };
  // care drops a leg of ours that appears after a failure.
  const care = async (by) => {
    const isLate = (leg) => live(leg) && isOurs(leg);
    while (!view.out && now < by && transfers.get(id) === t) {
      t.busy = false;
      await until(() => by, () => view.out || view.legs.some(isLate));
      t.busy = true;
      await drop(isLate);
    }
    clearInterval(timer);
    refresh.unsubscribe();
    if (transfers.get(id) === t) transfers.delete(id);
  };

  transfers.set(id, t);
  const timer = setInterval(() => wake(), 250);
  const refresh = new connect.Agent().onRefresh(() => {
    updates++;
    wake();
  });
  signal?.addEventListener("abort", () => wake());
  return (t.outcome = transfer().catch(finish));
}

globalThis.coldTransfer = coldTransfer;
if (typeof module === "object" && module.exports) module.exports = coldTransfer;
})();
