// A fake of the objects of amazon-connect-streams: the data is what the last update brought,
// and events, errors and callbacks are as in the library.

class StateError extends Error {}

// streamsOn returns the library for a page, and update(snapshot), which brings it news.
// command(verb, id, endpoint, callbacks) gets what the page asks for.
export function streamsOn(contactId, command) {
  const bus = new Bus();
  let data; // { state, legs } of the contact, null if it has been removed

  const contactData = () => {
    if (data === undefined) throw new StateError("No agent data is available yet!");
    if (!data) throw new StateError(`Contact ${contactId} no longer exists.`);
    return data;
  };
  const legData = (id) => {
    const leg = contactData().legs.find((leg) => leg.id === id);
    if (!leg) throw new StateError(`Connection ${id} for contact ${contactId} no longer exists.`);
    return leg;
  };

  class Endpoint {
    constructor({ endpointARN = null, endpointId = null, type = null, name = null, phoneNumber = null } = {}) {
      const arn = endpointId ?? endpointARN;
      Object.assign(this, { endpointARN: arn, endpointId: arn, type, name, phoneNumber });
    }
    static byPhoneNumber = (phoneNumber, name) => new Endpoint({ type: "phone_number", phoneNumber, name });
  }

  class Connection {
    constructor(id) {
      this.connectionId = id;
    }
    getConnectionId = () => this.connectionId;
    getContactId = () => contactId;
    getState = () => ({ type: legData(this.connectionId).state, timestamp: new Date(0) });
    getStatus = () => this.getState();
    getType = () => legData(this.connectionId).type;
    isInitialConnection = () => legData(this.connectionId).initial;
    isActive = () => ["connecting", "connected", "hold"].includes(this.getState().type);
    isConnected = () => this.getState().type === "connected";
    isConnecting = () => this.getState().type === "connecting";
    isOnHold = () => this.getState().type === "hold";
    getEndpoint = () => new Endpoint({ type: "phone_number", phoneNumber: legData(this.connectionId).number });
    getAddress = () => this.getEndpoint();
    getQuickConnectName = () => null;
    hold = (callbacks) => command("hold", this.connectionId, null, callbacks);
    resume = (callbacks) => command("resume", this.connectionId, null, callbacks);
    destroy = (callbacks) => command("drop", this.connectionId, null, callbacks);
  }

  class Contact {
    constructor(id) {
      this.contactId = id;
    }
    getContactId = () => this.contactId;
    getState = () => ({ type: contactData().state, timestamp: new Date(0) });
    getStatus = () => this.getState();
    getType = () => (contactData(), "voice");
    isInbound = () => contactData().legs.some((leg) => leg.initial && leg.type === "inbound");
    getConnections = () => contactData().legs.map((leg) => new Connection(leg.id));
    getInitialConnection = () => this.getConnections().find((leg) => leg.isInitialConnection()) ?? null;
    getAgentConnection = () => this.getConnections().find((leg) => leg.getType() === "agent");
    getEventName = (event) => `${event}::${this.contactId}`;
    onRefresh = (f) => bus.subscribe(`contact::refresh::${this.contactId}`, f);
    onEnded = (f) => bus.subscribe(`contact::ended::${this.contactId}`, f);
    onACW = (f) => bus.subscribe(`contact::acw::${this.contactId}`, f);
    onDestroy = (f) => bus.subscribe(`contact::destroyed::${this.contactId}`, f);
    addConnection = (endpoint, callbacks) => command("add", "", new Endpoint(endpoint), callbacks);
    conferenceConnections = (callbacks) => command("conference", "", null, callbacks);
  }

  class Agent {
    getContacts = () => {
      if (data === undefined) throw new StateError("No agent data is available yet!");
      return data ? [new Contact(contactId)] : [];
    };
    onRefresh = (f) => bus.subscribe("agent::refresh", f);
    getConfiguration = () => ({ username: "ana" });
  }

  const update = ({ contact }) => {
    const before = data;
    data = contact;
    if (before === undefined) bus.trigger("agent::init", new Agent());
    bus.trigger("agent::refresh", new Agent());
    const fire = (event) => {
      bus.trigger(`contact::${event}`, new Contact(contactId));
      bus.trigger(`contact::${event}::${contactId}`, new Contact(contactId));
    };
    if (!contact) {
      if (!before) return;
      if (before.state !== "ended") fire("ended");
      fire("destroyed");
      return bus.purge(`::${contactId}`);
    }
    if (!before) fire("init");
    if (contact.state === "ended" && before?.state !== "ended") ["acw", "ended"].forEach(fire);
    fire("refresh");
  };

  const connect = {
    Agent, Contact, Endpoint, StateError,
    core: { getEventBus: () => bus, initialized: true },
    agent: (f) => {
      if (data !== undefined) f(new Agent());
      return bus.subscribe("agent::init", f);
    },
    contact: (f) => bus.subscribe("contact::init", f),
    AgentEvents: { INIT: "agent::init", REFRESH: "agent::refresh" },
    ContactEvents: {
      INIT: "contact::init", REFRESH: "contact::refresh", ENDED: "contact::ended", ACW: "contact::acw",
      DESTROYED: "contact::destroyed",
    },
    ConnectionType: { AGENT: "agent", INBOUND: "inbound", OUTBOUND: "outbound", MONITORING: "monitoring" },
    ContactType: { VOICE: "voice", QUEUE_CALLBACK: "queue_callback" },
  };
  return { connect, update, shown: () => data, close: () => bus.close() };
}

// A Bus is the library's event bus: an exception of a handler is caught, and `this` in a
// handler is its subscription.
class Bus {
  #handlers = new Map();
  faults = [];

  subscribe(name, f) {
    const subscription = { f, unsubscribe: () => this.#handlers.get(name)?.delete(subscription) };
    if (!this.#handlers.has(name)) this.#handlers.set(name, new Set());
    this.#handlers.get(name).add(subscription);
    return subscription;
  }

  trigger(name, data) {
    for (const subscription of [...(this.#handlers.get(name) ?? [])]) {
      try {
        subscription.f.call(subscription, data, name);
      } catch (error) {
        this.faults.push(error);
      }
    }
  }

  purge(suffix) {
    for (const name of this.#handlers.keys()) if (name.endsWith(suffix)) this.#handlers.delete(name);
  }

  // close: the page is unloaded.
  close() {
    this.#handlers.clear();
  }
}

// answering returns how the library passes an answer on: without a failure handler, an
// error is called success.
export const answering = (callbacks) => (error) => {
  if (error && callbacks?.failure) callbacks.failure(error, { message: error });
  else callbacks?.success?.({});
};
