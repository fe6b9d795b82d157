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
      else if (!third?.isConnecting()) end(reject, new Error("They did not pick up. The customer is on hold."));
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
  await step("Everybody hears each other", ask((on) => contact.conferenceConnections(on)));
  await step("Leaving", ask((on) => contact.getAgentConnection().destroy(on)));
}

// step shows what is being done, and what has come of it.
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

function show() {
  const customer = current?.getActiveInitialConnection();
  byId("customer").textContent = customer ? `${customer.getEndpoint().name ?? customer.getEndpoint().phoneNumber}: ${customer.getStatus().type}` : "No call.";
  byId("resume").disabled = !customer?.isOnHold() || Boolean(thirdParty(current));
}

connect.agent((agent) => {
  agent.onRefresh(() => (byId("agent").textContent = `${agent.getName()}: ${agent.getState().name}`));
  agent.getEndpoints(agent.getAllQueueARNs(), {
    success: (found) => {
      endpoints = found.endpoints;
      byId("target").replaceChildren(...endpoints.map((e) => new Option(e.name)));
    },
    failure: (err) => (byId("customer").textContent = messageOf(err)),
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

byId("transfer").onsubmit = async (event) => {
  event.preventDefault();
  if (!current) return;
  byId("steps").replaceChildren();
  const button = event.submitter;
  button.disabled = true;
  try {
    await transfer(current, endpoints[byId("target").selectedIndex], step);
  } catch {
    // the failed step shows the reason
  }
  button.disabled = false;
};

byId("resume").onclick = () => {
  const customer = current?.getActiveInitialConnection();
  if (customer) void step("The customer is taken off hold", ask((on) => customer.resume(on))).catch(() => {});
};
