import assert from "node:assert/strict";
import { test } from "node:test";

import { streamsDesk } from "./desk-streams.js";
import { settled } from "./testing/fakes.js";

class StateError extends Error {}

// streams returns the parts of the library that the desk uses, over data that the test
// changes. answer(name, callbacks) is what the library does when it is called.
function streams({ answer = (_, { success }) => success({}) } = {}) {
  const data = { contacts: [], calls: [], refresh: [] };
  const connection = ({ id, type, initial = false, state, endpoint = {}, quickConnectName = null }) => ({
    getConnectionId: () => id,
    getType: () => type,
    isInitialConnection: () => initial,
    getStatus: () => ({ type: state }),
    getEndpoint: () => endpoint,
    getQuickConnectName: () => quickConnectName,
    ...Object.fromEntries(["hold", "resume", "destroy"].map((name) => [name, (callbacks) => called(name, callbacks, id)])),
  });
  const called = (name, callbacks, ...given) => {
    data.calls.push([name, ...given]);
    assert.equal(typeof callbacks.success, "function");
    assert.equal(typeof callbacks.failure, "function");
    answer(name, callbacks);
  };
  class Contact {
    constructor(contactId) {
      this.contactId = contactId;
    }
    get #data() {
      const found = data.contacts.find(({ contactId }) => contactId === this.contactId);
      if (!found) throw new StateError(`Contact ${this.contactId} no longer exists.`);
      return found;
    }
    getContactId = () => this.contactId;
    getType = () => this.#data.type ?? "voice";
    getStatus = () => ({ type: this.#data.state });
    getConnections = () => this.#data.connections.map(connection);
    addConnection = (endpoint, callbacks) => called("add", callbacks, endpoint);
    conferenceConnections = (callbacks) => called("conference", callbacks);
  }
  const subscribe = (f) => {
    data.refresh.push(f);
    return { unsubscribe: () => (data.refresh = data.refresh.filter((one) => one !== f)) };
  };
  class Agent {
    getContacts = () => data.contacts.map(({ contactId }) => new Contact(contactId));
    getConfiguration = () => ({ username: "ana", agentARN: "arn:ana" });
    onRefresh = (f) => subscribe(f);
    getAllQueueARNs = () => ["arn:queue"];
    getEndpoints = (arns, callbacks) => callbacks.success({ endpoints: [{ name: "Cardiology", of: arns }] });
  }
  const connect = {
    Contact,
    Agent,
    core: { getSDKClientConfig: () => ({ provider: "provider" }) },
    agent: (f) => void f(new Agent()),
    contact: (f) => void data.contacts.forEach(({ contactId }) => f(new Contact(contactId))),
  };
  return { connect, data };
}

const agentLeg = { id: "a", type: "agent", state: "connected" };
const customerLeg = { id: "c", type: "inbound", initial: true, state: "hold" };

test("chats and tasks are no calls", () => {
  const { connect, data } = streams();
  data.contacts = [
    { contactId: "k1", type: "chat" },
    { contactId: "k2" },
    { contactId: "k3", type: "queue_callback" },
    { contactId: "k4", type: "task" },
  ];
  assert.deepEqual(streamsDesk(connect).contacts(), ["k2", "k3"]);
});

test("parties and states, in any direction of the call", () => {
  const { connect, data } = streams();
  data.contacts = [
    {
      contactId: "k1",
      state: "connected",
      connections: [
        agentLeg,
        { ...customerLeg, type: "outbound" },
        { id: "dead", type: "outbound", state: "disconnected" },
        { id: "t", type: "outbound", state: "connecting", endpoint: { type: "phone_number", phoneNumber: "+4930123" } },
        { id: "m", type: "monitoring", state: "silent_monitor" },
      ],
    },
  ];
  const { ended, connections } = streamsDesk(connect).contact("k1");
  assert.equal(ended, false);
  assert.deepEqual(connections.map(({ id, party, state }) => [id, party, state]), [
    ["a", "agent", "connected"],
    ["c", "customer", "hold"],
    ["dead", "target", "disconnected"],
    ["t", "target", "connecting"],
  ]);
  assert.deepEqual(connections[3].target, { kind: "number", address: "+4930123", name: "" });
});

test("after-call work, removal, a library without data", () => {
  const { connect, data } = streams();
  const desk = streamsDesk(connect);
  data.contacts = [{ contactId: "k1", state: "ended", connections: [] }];
  assert.equal(desk.contact("k1").ended, true);
  assert.equal(desk.contact("k2"), null);
  connect.Contact = class {
    getStatus() {
      throw new TypeError("agentDataProvider is undefined");
    }
  };
  assert.equal(desk.contact("k1"), undefined);
  connect.Agent = class {
    getContacts() {
      throw new TypeError("agentDataProvider is undefined");
    }
  };
  assert.deepEqual(desk.contacts(), []);
});

test("refusals are texts, JSON, objects, or missing", async () => {
  const recorded = "Cannot put call on hold: Invalid contact state.";
  for (const [error, text] of [
    [recorded, recorded],
    [JSON.stringify({ type: "InvalidStateException", message: recorded }), recorded],
    [{ type: "InvalidStateException", message: recorded }, recorded],
    [{ type: "ConnectionNotFound" }, "ConnectionNotFound"],
    [undefined, "no reason was given"],
    ["{", "{"],
    ["7", "7"],
  ]) {
    const { connect, data } = streams({ answer: (_, { failure }) => failure(error) });
    data.contacts = [{ contactId: "k1", state: "connected", connections: [agentLeg, customerLeg] }];
    await assert.rejects(streamsDesk(connect).hold("k1", "c"), { message: text });
  }
});

test("each command reaches the right object", async () => {
  const { connect, data } = streams();
  data.contacts = [{ contactId: "k1", state: "connected", connections: [agentLeg, customerLeg] }];
  const desk = streamsDesk(connect);
  await desk.hold("k1", "c");
  await desk.resume("k1", "c");
  await desk.add("k1", "+49 30 123");
  await desk.conference("k1");
  await desk.drop("k1", "a");
  const endpoint = { type: "phone_number", phoneNumber: "+4930123", name: null, endpointARN: null };
  assert.deepEqual(data.calls, [["hold", "c"], ["resume", "c"], ["add", endpoint], ["conference"], ["destroy", "a"]]);
  await assert.rejects(desk.drop("k1", "gone"), /no longer exists/);
  await assert.rejects(desk.hold("k2", "c"), /no longer exists/);
  assert.equal((await desk.endpoints())[0].name, "Cardiology");
  assert.equal(await desk.agent(), "arn:ana");
  assert.equal(desk.provider(), "provider");
});

test("a library that never answers, and one that answers twice", async () => {
  const quiet = streams({ answer: () => {} });
  quiet.data.contacts = [{ contactId: "k1", state: "connected", connections: [agentLeg, customerLeg] }];
  const first = await Promise.race([streamsDesk(quiet.connect).hold("k1", "c"), settled().then(() => "pending")]);
  assert.equal(first, "pending");
  const twice = streams({
    answer: (_, { success, failure }) => {
      success();
      failure("late");
    },
  });
  twice.data.contacts = quiet.data.contacts;
  await streamsDesk(twice.connect).hold("k1", "c");
});

test("changes are reported outside of the library's callbacks, until they are stopped", async () => {
  const { connect, data } = streams();
  data.contacts = [{ contactId: "k1", state: "connected", connections: [] }];
  let changes = 0;
  const stop = streamsDesk(connect).onChange(() => changes++);
  await settled();
  changes = 0;
  for (const refresh of data.refresh) refresh();
  assert.equal(changes, 0);
  await settled();
  assert.equal(changes, 1);
  const refreshes = data.refresh;
  stop();
  for (const refresh of refreshes) refresh();
  await settled();
  assert.equal(changes, 1);
});
