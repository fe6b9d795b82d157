// A desktop page: it shows who calls, and hands the customer over.

const { connect } = window;
const byId = (id) => document.getElementById(id);
const ccpUrl = new URLSearchParams(location.search).get("ccp") ?? "http://localhost:8090/ccp-v2/";

connect.core.initCCP(byId("ccp"), {
  ccpUrl,
  loginPopup: true,
  loginPopupAutoClose: true,
  softphone: { allowFramedSoftphone: true },
});

// ask makes a promise of a method that takes callbacks.
function ask(method) {
  return new Promise((resolve, reject) => {
    method({ success: resolve, failure: (err, data) => reject(new Error(messageOf(err) ?? data?.message ?? "It did not work.")) });
  });
}

// messageOf is the sentence in an error, which may be an object or JSON.
function messageOf(err) {
  if (err?.message) return err.message;
  try {
    return JSON.parse(err).message;
  } catch {
    return err ? String(err) : undefined;
  }
}

// whyNotPickedUp is the sentence in which Holdfast has the reason. Amazon Connect has none.
const whyNotPickedUp = (contact) => contact.getAttributes().transferFailed?.value ?? "They did not pick up.";

const thirdParty = (contact) => contact.getActiveConnections().find((c) => !c.isInitialConnection() && c.getType() !== connect.ConnectionType.AGENT);

// pickedUp waits until the third party of a contact has picked up.
function pickedUp(contact) {
  return new Promise((resolve, reject) => {
    let watched = [];
    const end = (settle, value) => {
      for (const subscription of watched) subscription.unsubscribe();
      settle(value);
    };
    const look = () => {
      const third = thirdParty(contact);
      if (third?.isConnected()) end(resolve);
      else if (!third?.isConnecting()) end(reject, new Error(`${whyNotPickedUp(contact)} The customer is on hold.`));
    };
    watched = [contact.onRefresh(look), contact.onEnded(() => end(reject, new Error("The call has ended.")))];
    look(); // it may have happened already
  });
}

// transfer hands the customer over: the agent leaves only when the target has
// picked up.
async function transfer(contact, endpoint, step) {
  const customer = contact.getActiveInitialConnection();
  if (!customer.isOnHold()) await step("The customer is put on hold", ask((on) => customer.hold(on)));
  await step(`Calling ${endpoint.name}`, ask((on) => contact.addConnection(endpoint, on)));
  await step(`Waiting until ${endpoint.name} picks up`, pickedUp(contact));
  await step("All parties hear each other", ask((on) => contact.conferenceConnections(on)));
  await step("Leaving", ask((on) => contact.getAgentConnection().destroy(on)));
}

// step shows a step, and its result.
async function step(text, doing) {
  const line = document.createElement("li");
  line.textContent = text;
  byId("steps").append(line);
  try {
    await doing;
    line.className = "done";
  } catch (error) {
    line.className = "failed";
    line.textContent = `${text}: ${error.message}`;
    throw error;
  }
}

let endpoints = [];
let current = null; // the contact, while there is one
let busy = false; // a hand-over is being performed

const agentStates = {
  AfterCallWork: "After-call work", Busy: "On a call", CallingCustomer: "Calling a customer", Init: "Reconnecting",
  MissedCallAgent: "Missed a call", PendingBusy: "A call comes in",
};
const customerStates = { connecting: "is ringing", connected: "is connected", hold: "is on hold", disconnected: "has left" };

function show() {
  const customer = current?.getActiveInitialConnection();
  const alone = Boolean(customer) && current.getAgentConnection().isConnected() && !thirdParty(current);
  const state = customer?.getStatus().type;
  byId("customer").textContent = customer ? `${customer.getEndpoint().name ?? customer.getEndpoint().phoneNumber} ${customerStates[state] ?? state}` : "No call.";
  byId("handover").disabled = !alone || busy || endpoints.length === 0;
  byId("resume").disabled = !alone || busy || !customer.isOnHold();
}

// Until an agent is there, the frame may wait for a login or for its server.
const hint = setTimeout(() => {
  byId("hint").textContent = `The agent's page at ${ccpUrl} does not answer yet. Log in in the window that opens, which this page must be allowed to open (pop-ups). If there is none, check that the server runs.`;
}, 6_000);

connect.agent((agent) => {
  clearTimeout(hint);
  byId("hint").textContent = "";
  agent.onRefresh(() => {
    const { name } = agent.getState();
    byId("agent").textContent = `${agent.getName()}: ${agentStates[name] ?? name}`;
  });
  agent.getEndpoints(agent.getAllQueueARNs(), {
    success: (found) => {
      endpoints = found.endpoints;
      byId("target").replaceChildren(...endpoints.map((e) => new Option(e.name)));
      show();
    },
    failure: (err) => (byId("hint").textContent = messageOf(err)),
  });
});

connect.contact((contact) => {
  current = contact;
  contact.onRefresh(show);
  contact.onEnded(() => {
    current = null;
    show();
  });
});

// during keeps the buttons off until something is done. What fails is in the steps.
async function during(doing) {
  busy = true;
  show();
  await doing.catch(() => {});
  busy = false;
  show();
}

byId("transfer").onsubmit = (event) => {
  event.preventDefault();
  byId("steps").replaceChildren();
  void during(transfer(current, endpoints[byId("target").selectedIndex], step));
};

byId("resume").onclick = () => {
  const customer = current.getActiveInitialConnection();
  void during(step("The customer is taken off hold", ask((on) => customer.resume(on))));
};
