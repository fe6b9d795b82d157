// This file lets the engine read and change calls by the objects of Amazon Connect
// Streams. It reads states and never concludes anything from an answer.

import { endpointOf, partyOf, settles, stateOf, targetOf, textOf } from "./desk.js";

// streamsDesk returns the desk of a page on Streams. connect is the library's global
// object.
export const streamsDesk = (connect) => new StreamsDesk(connect);

class StreamsDesk {
  #connect;

  constructor(connect) {
    this.#connect = connect;
  }

  // agent resolves to the name by which tabs of the same agent find each other, once the
  // library knows the agent.
  agent() {
    return new Promise((resolve) => this.#connect.agent((agent) => resolve(nameOfAgent(agent))));
  }

  // provider returns the SDK's provider within the library, undefined if it has none.
  provider() {
    try {
      return this.#connect.core.getSDKClientConfig().provider;
    } catch {
      return undefined; // initCCP has not been called, or the page uses the shared worker
    }
  }

  // contacts returns the agent's calls. Chats and tasks have connections, too.
  contacts() {
    try {
      const calls = new this.#connect.Agent().getContacts().filter((contact) => callTypes.has(contact.getType()));
      return calls.map((contact) => contact.getContactId());
    } catch {
      return []; // the library has no data yet
    }
  }

  // contact returns the snapshot of a contact, null if the library has removed it, and
  // undefined if it cannot be read now.
  contact(contactId) {
    try {
      const contact = new this.#connect.Contact(contactId);
      const ended = !underWay.has(contact.getStatus().type);
      return { contactId, ended, connections: contact.getConnections().flatMap(connectionOf) };
    } catch (error) {
      return isGone(error) ? null : undefined;
    }
  }

  // onChange calls the listener after each update of the library's data, outside of the
  // library's own callbacks.
  onChange(listener) {
    let stopped = false;
    let due = false;
    const changed = () => {
      if (due || stopped) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        if (!stopped) listener();
      });
    };
    let refreshes;
    // The library refreshes the agent at each update, of whichever contact.
    const agent = this.#connect.agent((known) => {
      refreshes ??= known.onRefresh(changed);
      changed();
    });
    return () => {
      stopped = true;
      agent?.unsubscribe?.();
      refreshes?.unsubscribe?.();
    };
  }

  hold(contactId, id) {
    return this.#onConnection(contactId, id, (connection, callbacks) => connection.hold(callbacks));
  }

  resume(contactId, id) {
    return this.#onConnection(contactId, id, (connection, callbacks) => connection.resume(callbacks));
  }

  drop(contactId, id) {
    return this.#onConnection(contactId, id, (connection, callbacks) => connection.destroy(callbacks));
  }

  add(contactId, endpoint) {
    return called((callbacks) => new this.#connect.Contact(contactId).addConnection(endpointOf(endpoint), callbacks));
  }

  conference(contactId) {
    return called((callbacks) => new this.#connect.Contact(contactId).conferenceConnections(callbacks));
  }

  // endpoints resolves to the agent's quick connects.
  async endpoints() {
    const agent = new this.#connect.Agent();
    const { endpoints } = await called((callbacks) => agent.getEndpoints(agent.getAllQueueARNs(), callbacks));
    return endpoints;
  }

  #onConnection(contactId, id, call) {
    return called((callbacks) => {
      const connections = new this.#connect.Contact(contactId).getConnections();
      const connection = connections.find((one) => one.getConnectionId() === id);
      if (!connection) throw new Error("the connection no longer exists");
      call(connection, callbacks);
    });
  }
}

const callTypes = new Set(["voice", "queue_callback"]);

// underWay are the states of a contact in which its parties may still talk.
const underWay = new Set(["init", "incoming", "pending", "connecting", "connected", "paused"]);

function nameOfAgent(agent) {
  const { agentARN, username, name } = agent.getConfiguration?.() ?? {};
  return agentARN || username || name || "agent";
}

// connectionOf returns nothing for a supervisor's connection, and for one that the
// library has just removed.
function connectionOf(connection) {
  try {
    const type = connection.getType();
    if (type === "monitoring") return [];
    const party = partyOf(type, connection.isInitialConnection());
    const read = { id: connection.getConnectionId(), party, state: stateOf(connection.getStatus()?.type) };
    if (party === "target") read.target = targetOf(connection.getEndpoint?.(), connection.getQuickConnectName?.());
    return [read];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

// isGone: the library throws a StateError for an object it has removed.
const isGone = (error) => /no longer exists/i.test(String(error?.message ?? error));

// called always gives both handlers: without a failure handler the library calls success
// when the request has failed.
const called = (call) =>
  settles((resolve, reject) =>
    call({ success: (data) => resolve(data), failure: (error, data) => reject(new Error(textOf(error, data))) }),
  );
