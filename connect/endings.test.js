// How transfers of a page end, or go on elsewhere, when the page, the tab or the engine
// ends.

import assert from "node:assert/strict";
import { test } from "node:test";

import { channels, Clock, Desk, Locks, settled, Storage } from "./testing/fakes.js";
import { begun, page, refusal } from "./testing/page.js";

// saved is a page that has saved a transfer and was unloaded.
async function saved(parts = {}) {
  const clock = new Clock();
  const opened = await begun({}, { clock, storage: new Storage(), ...parts });
  opened.port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
  return opened;
}

test("a page that ends while it adopts a transfer forgets nothing", async () => {
  const { storage, clock } = await saved();
  const reloaded = await page({ storage, clock });
  assert.equal(reloaded.port.last("adopt").contactId, "k1");
  reloaded.transfers.close();
  const again = await page({ storage, clock });
  assert.equal(again.port.last("adopt")?.contactId, "k1");
});

test("an engine that stops while it adopts leaves a sentence for the agent", async () => {
  const { storage, clock } = await saved();
  const { transfers, port } = await page({ storage, clock });
  port.fail("out of memory");
  assert.match(transfers.state.stuck, /by hand/);
  assert.equal(storage.length, 0); // so the next page does not stop for the same reason
});

test("what another version has saved is ignored, with a reason", async () => {
  const { storage, clock } = await saved();
  const { transfers, port } = await page({ storage, clock });
  port.say({ type: "refused", contactId: "k1", code: "bad-parameter", text: "the saved state cannot be read" });
  assert.match(transfers.state.notes.join(), /ignored: the saved state cannot be read/);
});

test("a contact without a transfer is forgotten with what was saved of it", async () => {
  const { storage, clock } = await saved();
  const { port, desk } = await page({ storage, clock });
  desk.contactIds = [];
  desk.changed();
  port.say({ type: "save", contactId: "k1", saved: null });
  const sent = port.sent.length;
  desk.changed();
  assert.deepEqual(port.sent.slice(sent).filter(({ type }) => type === "see"), []);
});

test("messages about a contact that is over change nothing", async () => {
  const { port, desk, storage, clock } = await saved();
  port.state({ stage: "ended", outcome: "failed" });
  desk.contactIds = [];
  desk.changed();
  port.say({ type: "save", contactId: "k1", saved: { version: 1 } });
  port.say({ type: "wake", contactId: "k1", at: clock.now() + 1_000 });
  assert.equal(storage.length, 0);
  assert.ok(clock.waiting <= 1, `${clock.waiting} timers are left`);
});

test("outcomes that will not come are errors", async () => {
  for (const [end, code] of [
    [({ port }) => port.fail("out of memory"), "unavailable"],
    [({ transfers }) => transfers.close(), "unavailable"],
    [({ locks }) => locks.steal(), "other-tab"],
  ]) {
    const opened = await begun();
    const outcome = assert.rejects(opened.transfer.outcome(), refusal(code));
    end(opened);
    await outcome;
    await assert.rejects(opened.transfer.outcome(), refusal(code));
  }
});

test("an outcome that has come before the end is an outcome", async () => {
  const { transfers, transfer, port } = await begun();
  port.state({ stage: "ended", outcome: "completed" });
  assert.equal((await transfer.outcome()).outcome, "completed");
  transfers.close();
  assert.equal((await transfer.outcome()).outcome, "completed");
});

test("a page that is closed stays closed", async () => {
  let login;
  const desk = Object.assign(new Desk(), { agent: () => new Promise((resolve) => (login = resolve)) });
  const { transfers, port, clock } = await page({ ready: false, desk });
  transfers.close();
  login("ana");
  await settled();
  assert.match(transfers.state.text, /has stopped its transfers/);
  const early = await page({ ready: false, clock });
  early.transfers.close();
  early.port.say({ type: "ready" });
  early.port.fail("terminated");
  await clock.pass(60_000);
  assert.match(early.transfers.state.text, /has stopped its transfers/);
  assert.deepEqual(early.port.sent, []);
  assert.deepEqual([clock.waiting, port.closed], [0, true]);
});

test("a tab whose engine has stopped lets another tab carry on", async () => {
  const [locks, openChannel] = [new Locks(), channels()];
  const first = await saved({ locks, openChannel });
  const second = await page({ locks, openChannel, clock: first.clock });
  first.port.fail("out of memory");
  await settled();
  assert.equal(first.transfers.state.status, "unavailable");
  assert.equal(second.transfers.state.status, "ready");
  assert.deepEqual(second.port.last("adopt").saved, { version: 1 });
});

test("the tab that acts believes no other about what was saved", async () => {
  const openChannel = channels();
  const { port, storage, clock } = await saved({ openChannel });
  const stale = openChannel();
  stale.addEventListener("message", () => {});
  port.say({ type: "save", contactId: "k1", saved: { version: 1, later: true } });
  const text = JSON.stringify({ at: clock.now(), saved: { version: 1 }, endpoints: [] });
  stale.postMessage({ contactId: "k1", text });
  stale.postMessage({ contactId: "k2", text: null });
  stale.postMessage(null);
  const reloaded = await page({ storage, clock });
  assert.deepEqual(reloaded.port.last("adopt").saved, { version: 1, later: true });
});

test("storage that gets full keeps nothing old", async () => {
  const { port, storage, clock, transfers } = await saved();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  port.say({ type: "save", contactId: "k1", saved: { version: 1, later: true } });
  assert.match(transfers.state.notes.join(), /not carried on after a reload/);
  const reloaded = await page({ storage, clock });
  assert.equal(reloaded.port.last("adopt"), undefined);
});

test("the same key at the same time is the same transfer", async () => {
  const { transfers, port } = await page();
  const both = [transfers.cold("+4930123", { key: "one" }), transfers.cold("+4930123", { key: "one" })];
  await settled();
  port.state();
  assert.deepEqual((await Promise.all(both)).map(({ id }) => id), ["k1_t1", "k1_t1"]);
  assert.equal(port.sent.filter(({ type }) => type === "start").length, 1);
  port.state({ stage: "ended", outcome: "failed" });
  const asked = transfers.cold("+4930124", { key: "two" });
  await settled();
  port.state({ transferId: "k1_t2", id: "t2" });
  await asked;
  assert.equal((await transfers.cold("+4930123", { key: "one" })).id, "k1_t1");
});

test("a double click on cancel cancels once", async () => {
  const { transfer, port } = await begun();
  const both = [transfer.cancel(), transfer.cancel()];
  await settled();
  port.state({ stage: "ended", outcome: "cancelled" });
  await Promise.all(both);
  assert.equal(port.sent.filter(({ type }) => type === "cancel").length, 1);
});

test("the agent is not dropped when the target has just left", async () => {
  const { port, desk } = await begun();
  const drop = () => port.say({ type: "do", contactId: "k1", n: 1, verb: "drop", connection: "a1" });
  desk.change("t1", "connected");
  drop();
  assert.deepEqual(desk.asked.splice(0), [["drop", "k1", "a1"]]);
  desk.change("t1", "disconnected");
  drop();
  await settled();
  assert.deepEqual(desk.asked, []);
  assert.match(port.last("answer").error, /not connected any more/);
});
