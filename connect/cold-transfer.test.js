import assert from "node:assert/strict";
import { test } from "node:test";

import "./cold-transfer.js";

test("a chat beside the call is not a second call, and no listener stays", async () => {
  const connection = (id, type, initial) => ({
    getConnectionId: () => id,
    getType: () => type,
    isInitialConnection: () => initial,
    getEndpoint: () => ({}),
    getStatus: () => ({ type: "connected" }),
    hold: ({ failure }) => failure("no"),
  });
  class Contact {
    constructor(contactId) {
      this.contactId = contactId;
    }
    getType = () => (this.contactId === "k1" ? "voice" : "chat");
    getStatus = () => ({ type: "connected" });
    getConnections = () => [connection("a", "agent", false), connection("c", "inbound", true)];
  }
  class Agent {
    getContacts = () => ["chat", "k1"].map((contactId) => new Contact(contactId));
    onRefresh = () => ({ unsubscribe() {} });
  }
  const cancelling = new AbortController();
  const { signal } = cancelling;
  signal.addEventListener = () => assert.fail("a listener stays on the signal");
  const began = coldTransfer({ Contact, Agent }, { phoneNumber: "+49301" }, { signal });
  cancelling.abort();
  assert.equal((await began).outcome, "cancelled");
});
