// The entry for pages on the Amazon Connect SDK, which have a bundler.

import { AgentClient, ContactClient } from "@amazon-connect/contact";
import { VoiceClient } from "@amazon-connect/voice";

import { attachDesk, attach as attachStreams } from "./attach.js";
import { sdkDesk } from "./desk-sdk.js";

export { isTransferError, Transfer, TransferError, Transfers } from "./attach.js";

export const Holdfast = { attach };

// attach adds transfers to a page. attach.d.ts describes its options.
export async function attach(to, options) {
  if (!to.sdk) return attachStreams(to, options);
  const provider = to.sdk.provider ?? to.sdk;
  const clients = { contact: new ContactClient(provider), voice: new VoiceClient(provider), agent: new AgentClient(provider) };
  return attachDesk(sdkDesk(clients, provider), provider, options);
}
