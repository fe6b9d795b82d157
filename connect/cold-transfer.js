// See cold-transfer.d.ts. <script> and import define
// globalThis.coldTransfer; require() in CommonJS returns it.
(() => {
"use strict";
const LIMIT = 4000; // ms for a command's answer and effect
const SETTLE = 1000; // until the update after a refusal
const ABSENT = 2000; // old updates lack legs
const JOIN = 15000; // until customer and target are joined
const CARE = 30000; // after a failure, for a late leg
const TRIES = 4;
const transfers = new Map();

const refuse = (code, text) => {
  throw Object.assign(new Error(text), { name: "TransferError", code });
};
const live = (leg) => leg && leg.state !== "disconnected";
const answered = (leg) => leg?.state === "connected" || leg?.state === "hold";
const digits = ({ number, phoneNumber = number }) => String(phoneNumber ?? "").replace(/\D/g, "").slice(-6);
// An error is JSON text, or an object.
const textOf = (error) => /"message":"(.*?)"/.exec(error)?.[1] ?? error?.message ?? String(error);

const read = (connect, id) => {
  try {
    const contact = new connect.Contact(id);
    const all = contact.getConnections().map((api) => ({
      api, id: api.getConnectionId(), number: api.getEndpoint().phoneNumber, state: api.getStatus().type,
      who: api.isInitialConnection() ? "customer" : api.getType(),
    }));
    const are = (who) => all.filter((leg) => leg.who === who), [agent] = are("agent"), [customer] = are("customer");
    return {
      contact, agent, customer, legs: are("outbound"),
      out: contact.getStatus().type !== "connected" || !live(agent),
    };
  } catch {
    return { out: true, legs: [] }; // StateError: removed
  }
};

async function coldTransfer(connect, to, { contactId, ringFor = 20000, onFailure, assume, signal } = {}) {
  signal?.throwIfAborted();
  if (typeof to === "string") to = connect.Endpoint.byPhoneNumber(to);
  const proves = to.type ? to.type === "phone_number" : to.phoneNumber;
  if (!proves && !assume) refuse("not-supported", "Only a number proves a person.");
  if (!(ringFor > 0)) refuse("bad-ring-time", "ringFor must be > 0.");
  const calls = new connect.Agent().getContacts().filter(
    (c) => /voice|callback/.test(c.getType()) && answered(read(connect, c.contactId).customer));
  if (!contactId && calls.length !== 1) refuse("no-such-contact", `There are ${calls.length} calls: pass contactId.`);
  const id = contactId ?? calls[0].contactId, key = JSON.stringify(to), name = to.name || to.phoneNumber || "The target";
  const other = transfers.get(id);
  if (other?.busy && other.key === key) return other.outcome; // a double click
  let view = read(connect, id), now = Date.now(), updates = 0, wake = () => {};
  if (other?.busy || view.legs.some(live)) refuse("transfer-under-way", "A transfer is under way.");
  if (view.out || !answered(view.agent) || !answered(view.customer)) refuse("no-customer", "You are not in a call.");

  const t = { key, busy: true };
  let old, target, missing, left, lost, together, joining, leaving;

  const isOurs = (leg) => old && !old.includes(leg.id) && (!digits(leg) || ["", digits(leg)].includes(digits(to)));
  // look believes no answer.
  const look = () => {
    [now, view] = [Date.now(), read(connect, id)];
    const { out, customer, legs } = view;
    if (view.contact) left = !live(customer);
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
    if (view.out && together) end(undefined, `${name} has the customer.`, "completed");
    if (left && !(view.out && leaving)) end("customer-left", "The customer has left.", "abandoned");
    if (view.out) end("hung-up", "The contact has ended: Amazon decides what happens next.");
    if (lost) end(joining ? "left-early" : "unreachable", `${name} is not on the line.`);
    if (signal?.aborted && !leaving) end("cancelled", "The transfer was cancelled.", "cancelled");
  };
  const until = async (by, holds, watch) => {
    for (;;) {
      look();
      watch?.();
      if (holds() || now >= by()) return;
      await new Promise((woken) => (wake = woken));
    }
  };
  // Without a failure handler, the library calls success for a refusal.
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
  const isHeld = () => view.customer?.state === "hold";
  const drop = async (isUnwanted) => {
    for (const { id } of view.legs.filter(isUnwanted)) {
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
        if (++n > TRIES) end(undefined, `${name} has the customer. You are still in the call: hang up.`, "completed");
        await command(() => view.out, (answers) => view.agent.api.destroy(answers));
      } else {
        if (now > joinBy) end("error", `${name} could not be joined with the customer.`);
        await command(() => together, (answers) => view.contact.conferenceConnections(answers));
      }
    }
  };
  const finish = async (result) => {
    const completed = result.outcome === "completed";
    if (!completed) {
      await drop(() => true);
      if (onFailure === "resume") await insist("resume", customer, () => !isHeld());
      await drop(() => true);
      if (!view.out && view.legs.some(live)) result.text += ` ${name} is still in the call: hang up.`;
    }
    care(!completed && old ? now + CARE : 0);
    const place = view.out && (leaving || !left) ? "unknown" : left ? "left" : isHeld() ? "held" : "talking";
    return { ...result, customer: completed ? "with-target" : place, unproven: completed && !proves };
  };
  const care = async (by) => {
    while (!view.out && now < by && transfers.get(id) === t) {
      t.busy = false;
      await until(() => by, () => view.out || view.legs.some((leg) => live(leg) && isOurs(leg)));
      t.busy = true;
      if (transfers.get(id) === t) await drop(isOurs);
    }
    clearInterval(timer);
    refresh.unsubscribe();
    if (transfers.get(id) === t) transfers.delete(id);
  };

  transfers.set(id, t);
  const timer = setInterval(() => wake(), 250); // also notices an abort
  const refresh = new connect.Agent().onRefresh(() => wake(updates++));
  return (t.outcome = transfer().catch(finish));
}

globalThis.coldTransfer ??= coldTransfer;
if (typeof module === "object" && module.exports) module.exports = globalThis.coldTransfer;
})();
