import assert from "node:assert/strict";
import { test } from "node:test";

import { channels, Clock, Desk, Locks, settled, Storage } from "./testing/fakes.js";
import { begun, page, refusal } from "./testing/page.js";

test("transfers are refused until the engine is ready", async () => {
  const { transfers, port } = await page({ ready: false });
  assert.equal(transfers.state.status, "starting");
  assert.match(transfers.state.text, /being loaded/);
  await assert.rejects(transfers.cold("+4930123"), refusal("not-ready"));
  assert.deepEqual(port.sent, []);
  port.say({ type: "ready" });
  await transfers.ready;
  assert.equal(transfers.state.status, "ready");
  assert.equal(transfers.state.customer, "talking");
});

test("an agent who is not logged in", async () => {
  const desk = Object.assign(new Desk(), { agent: () => new Promise(() => {}) });
  const { transfers } = await page({ desk });
  assert.match(transfers.state.text, /not logged in/);
  await assert.rejects(transfers.cold("+4930123"), refusal("not-ready"));
});

test("an engine that cannot be loaded", async () => {
  const { transfers, port } = await page({ ready: false });
  port.say({ type: "failed", text: "the transfer engine could not be loaded: 404" });
  await assert.rejects(transfers.ready, /404/);
  await assert.rejects(transfers.cold("+4930123"), refusal("unavailable"));
});

test("an engine that never gets ready", async () => {
  const { transfers, clock } = await page({ ready: false });
  await clock.pass(60_000);
  assert.equal(transfers.state.status, "unavailable");
});

test("a transfer is told in full, with snapshot first", async () => {
  const { transfers, transfer, port } = await begun({ ringFor: "20s", onFailure: "resume", key: "one", assume: true });
  assert.deepEqual(port.sent.map(({ type }) => type), ["see", "start"]);
  const { at, ...start } = port.last("start");
  assert.equal(typeof at, "number");
  const targets = [{ kind: "number", address: "+4930123", name: "" }];
  assert.deepEqual(start, { type: "start", contactId: "k1", kind: "cold", targets, ringFor: 20_000, resume: true, assume: true, key: "one" });
  const seen = [];
  const iterated = (async () => {
    for await (const { stage } of transfer) seen.push(stage);
  })();
  port.state({ stage: "joining", attempts: [{ connection: 3 }] });
  port.state({ stage: "ended", outcome: "completed", attempts: [{ connection: 3 }] });
  await iterated;
  assert.deepEqual(seen, ["reaching", "joining", "ended"]);
  assert.equal((await transfer.outcome()).outcome, "completed");
  assert.equal(transfers.attempts.length, 1);
});

test("a refusal is an error with a code", async () => {
  const { transfers, port } = await page();
  const asked = transfers.cold("+4930123");
  await settled();
  port.say({ type: "refused", contactId: "k1", code: "transfer-under-way", text: "a transfer is under way" });
  await assert.rejects(asked, refusal("transfer-under-way"));
});

test("an engine that never answers", async () => {
  const { transfers, clock } = await page();
  const asked = assert.rejects(transfers.cold("+4930123"), refusal("clientTimeout"));
  await settled();
  await clock.pass(10_000);
  await asked;
});

test("the same key is the same transfer", async () => {
  const { transfers, transfer, port } = await begun({ key: "one" });
  const again = await transfers.cold("+4930123", { key: "one" });
  assert.equal(again.id, transfer.id);
  assert.equal(port.sent.filter(({ type }) => type === "start").length, 1);
});

test("a double click asks once for each key, one after the other", async () => {
  const { transfers, port } = await page();
  const both = [transfers.cold("+4930123", { key: "one" }), transfers.cold("+4930123", { key: "two" })];
  await settled();
  assert.equal(port.sent.filter(({ type }) => type === "start").length, 1);
  port.state({ key: "one" });
  await settled();
  assert.equal(port.last("start").key, "two");
  port.say({ type: "refused", contactId: "k1", code: "transfer-under-way", text: "" });
  assert.equal((await both[0]).id, "k1_t1");
  await assert.rejects(both[1], refusal("transfer-under-way"));
});

test("aborted before it begins, nothing is started", async () => {
  const { transfers, port } = await page();
  await assert.rejects(transfers.cold("+4930123", { signal: AbortSignal.abort(new Error("no")) }), { message: "no" });
  assert.deepEqual(port.sent, []);
});

test("aborted later, the transfer is cancelled", async () => {
  const cancelling = new AbortController();
  const { transfer, port } = await begun({ signal: cancelling.signal });
  cancelling.abort();
  await settled();
  assert.equal(port.sent.at(-1).type, "cancel");
  port.state({ stage: "ended", outcome: "cancelled" });
  assert.equal((await transfer.outcome()).outcome, "cancelled");
  await transfer.cancel(); // again does nothing
});

test("complete and confirm", async () => {
  const { transfers, transfer, port } = await begun();
  port.state({}, { confirm: true });
  assert.equal(transfers.state.canConfirm, true);
  const confirmed = transfer.confirm();
  await settled();
  assert.equal(port.sent.at(-1).type, "confirm");
  port.state({ stage: "joining" });
  await confirmed;
  const completed = transfer.complete();
  await settled();
  assert.equal(port.sent.at(-1).type, "complete");
  port.state({ stage: "ended", outcome: "failed", text: "they left" });
  await assert.rejects(completed, { code: "transfer-ended", message: "they left" });
});

test("commands go to the library, and its answers come back as hints", async () => {
  const { desk, port } = await begun();
  port.say({ type: "do", contactId: "k1", n: 1, verb: "hold", connection: "c1", target: null });
  port.say({ type: "do", contactId: "k1", n: 2, verb: "add", connection: "", target: { kind: "number", address: "+4930123" } });
  assert.deepEqual(desk.asked[0], ["hold", "k1", "c1"]);
  assert.equal(desk.asked[1][2].phoneNumber, "+4930123");
  desk.answers[1].reject(new Error("busy"));
  desk.answers[0].resolve();
  await settled();
  const answers = port.sent.filter(({ type }) => type === "answer").map(({ n, error }) => [n, error]);
  assert.deepEqual(answers.sort(), [[1, null], [2, "busy"]]);
});

test("a library that throws, and one that answers after the end", async () => {
  const { desk, port } = await begun();
  desk.resume = () => {
    throw new Error("StateError");
  };
  port.say({ type: "do", contactId: "k1", n: 1, verb: "resume", connection: "c1" });
  port.say({ type: "do", contactId: "k1", n: 2, verb: "hold", connection: "c1" });
  await settled();
  assert.equal(port.last("answer").error, "StateError");
  port.state({ stage: "ended", outcome: "failed" });
  desk.contactIds = [];
  desk.changed();
  assert.equal(port.last("forget").contactId, "k1");
  const sent = port.sent.length;
  desk.answers[0].resolve();
  await settled();
  assert.equal(port.sent.length, sent);
});

test("the engine is woken once, at the time it has asked for", async () => {
  const { port, clock } = await begun();
  port.say({ type: "wake", contactId: "k1", at: clock.now() + 5_000 });
  port.say({ type: "wake", contactId: "k1", at: clock.now() + 2_000 });
  await clock.pass(1_999);
  assert.equal(port.last("wake"), undefined);
  await clock.pass(1);
  assert.equal(port.last("wake").at, clock.now());
  port.say({ type: "wake", contactId: "k1", at: clock.now() + 1_000 });
  port.say({ type: "wake", contactId: "k1", at: 0 });
  await clock.pass(5_000);
  assert.equal(port.sent.filter(({ type }) => type === "wake").length, 1);
});

test("a reloaded page adopts the transfer", async () => {
  const { port, storage, clock } = await begun();
  port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
  const reloaded = await page({ storage, clock });
  const { type, saved, snapshot } = reloaded.port.sent[0];
  assert.equal(type, "adopt");
  assert.deepEqual(saved, { version: 1 });
  assert.equal(snapshot.contactId, "k1");
  reloaded.port.say({ type: "do", contactId: "k1", n: 7, verb: "add", connection: "", target: { kind: "number", address: "+4930123" } });
  assert.equal(reloaded.desk.asked[0][2].type, "phone_number");
  reloaded.port.state({ key: "one" });
  assert.equal((await reloaded.transfers.get()).id, "k1_t1");
  reloaded.port.say({ type: "save", contactId: "k1", saved: null });
  assert.equal(storage.length, 0);
});

test("a contact that has gone during the reload is adopted unless that is long ago", async () => {
  for (const [wait, expected] of [[60_000, ["adopt"]], [700_000, []]]) {
    const { port, storage, clock } = await begun();
    port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
    await clock.pass(wait);
    const reloaded = await page({ storage, clock, desk: Object.assign(new Desk(), { contactIds: [] }) });
    assert.deepEqual(reloaded.port.sent.map(({ type }) => type), expected);
  }
});

test("what is stored and damaged is ignored, with a reason", async () => {
  for (const text of ["{", "7", "null", '{"at":1,"saved":"x"}', '{"at":1,"saved":{},"endpoints":5}']) {
    const storage = new Storage();
    storage.setItem("holdfast.transfer:ana:k1", text);
    const { transfers, port } = await page({ storage });
    assert.equal(port.last("adopt"), undefined);
    assert.match(transfers.state.notes.join(), /was ignored: it is damaged/);
    assert.equal(storage.length, 0);
  }
});

test("what the engine cannot read is forgotten", async () => {
  const { port, storage, clock } = await begun();
  port.say({ type: "save", contactId: "k1", saved: { version: 99 } });
  const reloaded = await page({ storage, clock });
  reloaded.port.say({ type: "refused", contactId: "k1", code: "bad-parameter", text: "the saved state cannot be read" });
  assert.equal(storage.length, 0);
});

test("storage that throws: transfers work, and the page knows what is missing", async () => {
  const denied = () => {
    throw new DOMException("denied", "SecurityError");
  };
  const storage = { get length() { return denied(); }, key: denied, getItem: denied, setItem: denied, removeItem: denied };
  const { transfers, port } = await begun({}, { storage });
  port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
  assert.equal(transfers.state.status, "ready");
  assert.match(transfers.state.notes.join(), /denies this page its storage/);
});

test("another tab waits, and takes over with what was saved", async () => {
  const [locks, openChannel, clock] = [new Locks(), channels(), new Clock()];
  const first = await begun({}, { locks, openChannel, clock });
  const second = await page({ locks, openChannel, clock });
  assert.equal(second.transfers.state.status, "elsewhere");
  assert.match(second.transfers.state.text, /another tab/);
  await assert.rejects(second.transfers.cold("+4930123"), refusal("other-tab"));
  first.port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
  first.transfers.close();
  await settled();
  assert.equal(first.port.closed, true);
  assert.equal(second.transfers.state.status, "ready");
  assert.deepEqual(second.port.last("adopt").saved, { version: 1 });
});

test("a tab that loses the lock stops acting", async () => {
  const { transfers, port, desk, locks } = await begun();
  locks.steal();
  await settled();
  assert.equal(transfers.state.status, "elsewhere");
  assert.equal(port.last("forget").contactId, "k1");
  assert.equal(transfers.state.transfer, undefined);
  port.say({ type: "do", contactId: "k1", n: 1, verb: "hold", connection: "c1" });
  assert.deepEqual(desk.asked, []);
});

test("a browser without locks works, and the page knows what that means", async () => {
  const { transfers } = await page({ locks: undefined });
  assert.equal(transfers.state.status, "ready");
  assert.match(transfers.state.notes.join(), /no locks/);
});

test("an engine that stops leaves a sentence for the agent", async () => {
  const { transfers, port } = await begun();
  port.fail(new Error("out of memory"));
  assert.equal(transfers.state.status, "unavailable");
  assert.equal(transfers.state.customer, "unknown");
  assert.match(transfers.state.stuck, /by hand/);
});

test("names are looked up among the quick connects", async () => {
  const { transfers, port } = await page();
  void transfers.cold(["cardiology", "+49 30 123"]).catch(() => {});
  await settled();
  const { targets } = port.last("start");
  assert.deepEqual(targets[0], { kind: "agent", address: "arn:cardiology", name: "Cardiology" });
  assert.equal(targets[1].address, "+4930123");
  await assert.rejects(transfers.cold("nowhere"), refusal("not-found"));
});

test("quick connects that are never listed", async () => {
  const desk = Object.assign(new Desk(), { endpoints: () => new Promise(() => {}) });
  const { transfers, clock } = await page({ desk });
  const asked = assert.rejects(transfers.cold("cardiology"), refusal("unavailable"));
  await clock.pass(5_000);
  await asked;
});

test("no call, two calls, options of a server", async () => {
  const { transfers, desk } = await page();
  desk.contactIds = [];
  await assert.rejects(transfers.cold("+4930123"), refusal("no-such-contact"));
  desk.contactIds = ["k1", "k2"];
  await assert.rejects(transfers.cold("+4930123"), refusal("bad-parameter"));
  await assert.rejects(transfers.cold("+4930123", { contactId: "k1", confirm: true }), refusal("not-supported"));
});

test("a Holdfast server runs the transfers itself", async () => {
  const requests = [];
  const request = async (namespace, command, data) => {
    requests.push([namespace, command, data]);
    if (command === "get") throw { errorKey: "no-such-transfer", reason: "none" };
    return { transferId: "x", id: "t1", contactId: "k1", stage: "reaching", attempts: [] };
  };
  const proxy = { request, subscribe() {}, unsubscribe() {} };
  const { transfers, port } = await page({ ready: false, provider: () => ({ getProxy: () => proxy }) });
  assert.equal(transfers.state.status, "ready");
  assert.equal(transfers.state.engine, "server");
  assert.equal(port.closed, true);
  await transfers.cold("cardiology", { ringFor: 20_000, onFailure: "resume", key: "one" });
  const [namespace, command, data] = requests.at(-1);
  assert.equal(namespace, "holdfast.transfer");
  assert.equal(command, "start");
  assert.deepEqual(data, { kind: "cold", contactId: "k1", to: "cardiology", key: "one", resume: true, ringFor: "20s" });
});

test("a panel that is not Holdfast's refuses our namespace, or never answers", async () => {
  const refusing = () => Promise.reject({ errorKey: "handlerNotFound", reason: "" });
  for (const request of [refusing, () => new Promise(() => {})]) {
    const clock = new Clock();
    const { transfers, port } = await page({ ready: false, clock, provider: () => ({ getProxy: () => ({ request }) }) });
    port.say({ type: "ready" });
    await clock.pass(3_000);
    assert.equal(transfers.state.engine, "page");
    assert.equal(transfers.state.status, "ready");
  }
});

test("a contact that has gone and come back is shown as it is", async () => {
  const { transfers, port, desk } = await begun();
  port.state({ transferId: "k1_t2", id: "t2", stage: "ended", outcome: "failed" });
  desk.contactIds = [];
  desk.changed();
  desk.contactIds = ["k1"];
  desk.changed();
  const asked = transfers.cold("+4930123");
  await settled();
  port.state({ requested: "2026-01-01T00:01:00Z" });
  await asked;
  assert.equal(transfers.state.transfer.stage, "reaching");
});

test("outcomes of many contacts do not pile up", async () => {
  const { port, desk, transfers, clock } = await page();
  for (let i = 0; i < 60; i++) {
    const contactId = `k${i}`;
    desk.contactIds = [contactId];
    const asked = transfers.cold("+4930123", { contactId });
    await settled();
    const { key } = port.last("start");
    const state = { transferId: `${contactId}_t1`, contactId, id: "t1", key, stage: "ended", outcome: "failed", attempts: [] };
    port.say({ type: "state", contactId, state, customer: "talking", stuck: "" });
    await asked;
    desk.contactIds = [];
    desk.changed();
    if (i === 0) assert.equal((await transfers.get("k0")).id, "k0_t1");
  }
  assert.equal(await transfers.get("k0"), undefined);
  assert.equal((await transfers.get("k59")).id, "k59_t1");
  assert.ok(clock.waiting <= 1, `${clock.waiting} timers are left`);
});
