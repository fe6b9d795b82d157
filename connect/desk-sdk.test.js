import assert from "node:assert/strict";
import { test } from "node:test";

import { sdkDesk } from "./desk-sdk.js";
import { Clock, settled } from "./testing/fakes.js";

// clients returns the clients of the SDK over data that the test changes. publish(topic,
// event) publishes to what has subscribed.
function clients() {
  const data = { contacts: [], participants: {}, calls: [], handlers: new Map(), failures: [] };
  const call = (name) => async (...given) => {
    data.calls.push([name, ...given]);
    const failure = data.failures.shift();
    if (failure) throw failure;
    return name === "addParticipant" ? { participantId: "t" } : undefined;
  };
  const topics = {
    get(target, name) {
      if (name in target) return target[name];
      const [, on, topic] = /^(on|off)(\w+)$/.exec(name) ?? [];
      if (on === "on") return (handler) => data.handlers.set(topic, handler);
      if (on === "off") return () => data.handlers.delete(topic);
      return name === "then" ? undefined : call(name);
    },
  };
  const contact = new Proxy(
    {
      listContacts: async () => data.contacts.map((contactId) => ({ contactId, type: /^chat/.test(contactId) ? "chat" : "voice" })),
      listParticipants: async (contactId) => data.participants[contactId].map(({ state, ...one }) => ({ contactId, ...one })),
      getParticipantState: async (id) => ({ value: Object.values(data.participants).flat().find((one) => one.participantId === id).state }),
    },
    topics,
  );
  const agent = {
    getARN: async () => "arn:ana",
    getRoutingProfileQueues: async () => [{ queueARN: "arn:queue" }],
    listQuickConnects: async (arns) => ({ quickConnects: [{ name: "Cardiology", of: arns }] }),
  };
  return { contact, voice: new Proxy({}, topics), agent, data };
}

const participant = (participantId, type, state, given = {}) => ({
  participantId,
  type: { value: type },
  isInitial: false,
  isSelf: false,
  state,
  ...given,
});

async function open() {
  const made = clients();
  const { data } = made;
  data.contacts = ["k1"];
  data.participants.k1 = [
    participant("a", "agent", "connected", { isSelf: true }),
    participant("c", "outbound", "connected", { isInitial: true }),
  ];
  const clock = new Clock();
  const desk = sdkDesk(made, "provider", clock);
  let changes = 0;
  const stop = desk.onChange(() => changes++);
  assert.equal(await desk.agent(), "arn:ana");
  return { desk, data, clock, stop, changes: () => changes };
}

test("the contact of an outbound call, and what its events change", async () => {
  const { desk, data, changes } = await open();
  assert.deepEqual(desk.contacts(), ["k1"]);
  const parties = () => desk.contact("k1").connections.map(({ id, party, state }) => [id, party, state].join(" "));
  assert.deepEqual(parties(), ["a agent connected", "c customer connected"]);
  assert.equal(desk.contact("k2"), undefined);
  data.participants.k1[1].state = "hold";
  data.participants.k1.push(participant("t", "agent", "connecting"), participant("s", "monitoring", "silent_monitor"));
  const before = changes();
  await data.handlers.get("ParticipantHold")({ contactId: "k1", participantId: "c" });
  await settled();
  assert.equal(changes(), before + 1);
  assert.deepEqual(parties(), ["a agent connected", "c customer hold", "t target connecting"]);
});

test("an event that comes while a contact is read has it read again", async () => {
  const { desk, data } = await open();
  void data.handlers.get("ParticipantHold")({ contactId: "k1" });
  data.participants.k1[1].state = "hold";
  void data.handlers.get("ParticipantHold")({ contactId: "k1" });
  await settled();
  assert.equal(desk.contact("k1").connections[1].state, "hold");
});

test("a chat does not count as a call, whatever events it has", async () => {
  const { desk, data } = await open();
  data.contacts = ["k1", "chat", "k2"];
  data.participants.chat = data.participants.k2 = data.participants.k1;
  for (const [topic, contactId] of [["Incoming", "k2"], ["Connected", "chat"], ["ParticipantAdded", "chat"], ["StartingAcw", "chat"]]) {
    await data.handlers.get(topic)({ contactId });
    await settled();
  }
  assert.deepEqual(desk.contacts(), ["k1", "k2"]);
});

test("an event that is lost is made up for", async () => {
  const { desk, data, clock } = await open();
  data.participants.k1[1].state = "hold";
  await clock.pass(2_000);
  assert.equal(desk.contact("k1").connections[1].state, "hold");
});

test("after-call work, then removal", async () => {
  const { desk, data, clock } = await open();
  await data.handlers.get("StartingAcw")({ contactId: "k1" });
  await settled();
  assert.equal(desk.contact("k1").ended, true);
  await data.handlers.get("Cleared")({ contactId: "k1" });
  assert.equal(desk.contact("k1"), null);
  data.contacts = [];
  await clock.pass(2_000);
  assert.equal(desk.contact("k1"), null);
});

test("a contact is removed when two lists do not have it, and comes back", async () => {
  const { desk, data, clock } = await open();
  data.contacts = [];
  await clock.pass(2_000);
  assert.notEqual(desk.contact("k1"), null);
  await clock.pass(2_000);
  assert.equal(desk.contact("k1"), null);
  data.contacts = ["k1"];
  await clock.pass(2_000);
  assert.equal(desk.contact("k1").ended, false);
});

test("each command is one of the clients'", async () => {
  const { desk, data } = await open();
  const quickConnect = { type: "agent", endpointARN: "arn:cardiology", name: "Cardiology" };
  await desk.hold("k1", "c");
  await desk.resume("k1", "c");
  await desk.add("k1", quickConnect);
  await desk.conference("k1");
  await desk.drop("k1", "t");
  await desk.drop("k1", "a");
  assert.deepEqual(data.calls, [
    ["holdParticipant", "c"],
    ["resumeParticipant", "c"],
    ["addParticipant", "k1", quickConnect],
    ["conferenceParticipants", "k1"],
    ["disconnectParticipant", "t"],
    ["disconnectSelf", "k1"],
  ]);
  data.participants.k1.push(participant("t", "agent", "connected"));
  await data.handlers.get("ParticipantAdded")({ participant: { participantId: "t", contactId: "k1" } });
  await settled();
  assert.deepEqual(desk.contact("k1").connections[2].target, { kind: "agent", address: "arn:cardiology", name: "Cardiology" });
  assert.equal((await desk.endpoints())[0].name, "Cardiology");
});

test("refusals of the SDK are errors, or plain objects", async () => {
  const { desk, data } = await open();
  data.failures = [{ errorKey: "clientTimeout" }, Object.assign(new Error("Cannot resume connection from hold"), { errorKey: "x" })];
  await assert.rejects(desk.hold("k1", "c"), { message: "clientTimeout" });
  await assert.rejects(desk.hold("k1", "c"), { message: "Cannot resume connection from hold" });
});

test("stopped, it neither listens nor reads", async () => {
  const { data, clock, stop } = await open();
  stop();
  assert.equal(data.handlers.size, 0);
  await clock.pass(60_000);
  assert.equal(clock.waiting, 0);
});
